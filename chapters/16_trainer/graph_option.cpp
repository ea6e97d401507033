#include "16_trainer/graph_option.hpp"

#include "common/check.hpp"

namespace gpt {

void validate_cuda_graph(const TrainConfig& c) {
  GPT_REQUIRE(c.cuda_graph == "on" || c.cuda_graph == "off", "--cuda-graph takes on or off, not '{}'",
              c.cuda_graph);
  if (c.cuda_graph == "off") return;
  const auto refuse = [](bool wrong, const char* option, const char* reason) {
    GPT_REQUIRE(!wrong, "--cuda-graph on and {} exclude each other: {}", option, reason);
  };
  refuse(c.device == "cpu", "--device cpu", "only a GPU keeps the orders of a pass");
  refuse(c.dropout > 0, "--dropout",
         "captured kernels are given the same numbers each time, and dropout wants other ones in each step");
  refuse(c.zero > 0, "--zero", "a captured pass calls no host code, which fetches and sums the shares");
  refuse(c.tp > 1, "--tp", "those who share a model compute in the host's memory");
  refuse(c.servers > 0, "--servers", "they keep parameters in the host's memory");
}

}  // namespace gpt
