#include "16_trainer/server_options.hpp"

#include "common/check.hpp"

namespace gpt {

void validate_servers(const TrainConfig& c) {
  GPT_REQUIRE(c.servers >= 0, "--servers takes a number of ranks, not {}", c.servers);
  GPT_REQUIRE(c.stale >= 0, "--stale takes a number of steps, not {}", c.stale);
  GPT_REQUIRE(!c.async || c.stale == 0,
              "--async lets nobody wait, and --stale {} has those wait who are ahead: leave out one of them",
              c.stale);
  const char* const pace = c.async ? "--async" : "--stale";
  GPT_REQUIRE(c.servers > 0 || (!c.async && c.stale == 0),
              "{} is for workers that share servers: say how many ranks serve with --servers", pace);
  if (c.servers == 0) return;
  const auto refuse = [](bool wrong, const char* option, const char* reason) {
    GPT_REQUIRE(!wrong, "--servers and {} exclude each other: {}", option, reason);
  };
  refuse(c.reproducible, "--reproducible", "the servers' sum depends on the number of workers");
  refuse(c.zero > 0, "--zero", "the servers have the optimizer already, each its share");
  refuse(c.tp > 1, "--tp", "each worker has the whole model");
  refuse(c.local_sgd > 0, "--local-sgd", "workers push every gradient, and take no steps of their own");
  refuse(c.compress != "none", "--compress", "gradients are pushed as they are");
  refuse(c.comm != "auto" || c.all_reduce != "auto", "--comm", "servers know messages alone, no sums");
  refuse(c.bucket_mb != "auto", "--bucket-mb", "a push is the whole gradient");
  refuse(c.device == "cuda" || c.device == "simt", "--device", "they keep parameters in the host's memory");
}

Pace pace_of(const TrainConfig& c) {
  if (c.async) return {.mode = Mode::asynchronous};
  return c.stale > 0 ? Pace{.mode = Mode::stale, .bound = c.stale} : Pace{};
}

}  // namespace gpt
