#include "11_ddp/replicas.hpp"

#include "11_ddp/odd_rank.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

uint64_t checksum_of(const Tensor& tensor) {
  return checksum(std::span(tensor.bytes_data(), static_cast<size_t>(tensor.bytes())));
}

}  // namespace

void broadcast_parameters(const ParameterStore& parameters, Communicator& communicator) {
  const bool at_home = communicator.takes(parameters.values().device());
  const Tensor values = at_home ? parameters.values() : parameters.values().host();
  communicator.broadcast(values, 0);
  if (values.storage() != parameters.values().storage()) parameters.values().copy_from(values);
  parameters.refresh_compute_copy();
}

// [check]
void check_replicas(const ParameterStore& parameters, Communicator& communicator, int64_t step) {
  const Tensor values = parameters.values().host();
  const auto odd = find_odd_rank(gather_numbers({checksum_of(values)}, communicator));
  if (!odd) return;

  std::vector<uint64_t> mine;
  for (const Parameter& p : parameters.parameters())
    mine.push_back(checksum_of(values.slice(0, p.offset, p.offset + p.elements)));
  const std::vector<uint64_t> all = gather_numbers(mine, communicator);
  for (size_t i = 0; i < mine.size(); ++i) {
    const auto of_rank = [&](int rank) { return all[static_cast<size_t>(rank) * mine.size() + i]; };
    if (of_rank(odd->rank) == of_rank(odd->other)) continue;
    throw Error(
        fmt::format("the replicas have diverged at step {}: parameter {} of rank {} differs from that "
                    "of rank {}",
                    step, parameters.parameters()[i].name, odd->rank, odd->other));
  }
  throw Error(
      fmt::format("the replicas have diverged at step {}: the padding of rank {} differs from that of "
                  "rank {}",
                  step, odd->rank, odd->other));
}
// [/check]

}  // namespace gpt
