#pragma once
// Servers for the spirals, and workers that run at the speeds a test wants.

#include "14_parameter_server/simulation.hpp"
#include "14_parameter_server/spiral_task.hpp"

namespace gpt {

/// Servers for all parameters of `whole`.
struct ServerGroup {
  std::vector<std::unique_ptr<ParameterServer>> servers;

  ServerGroup(const ParameterStore& whole, int count, const ServerOptions& options) {
    for (const ShardRange shard : cut_into_shards(whole.size(), count))
      servers.push_back(std::make_unique<ParameterServer>(whole, shard, options));
  }
  std::vector<ParameterServer*> pointers() const {
    std::vector<ParameterServer*> all;
    for (const auto& server : servers) all.push_back(server.get());
    return all;
  }
  /// The parameters of all shards, in one row.
  std::vector<float> values() const {
    std::vector<float> all;
    for (const auto& server : servers)
      for (const float x : server->values().span<float>()) all.push_back(x);
    return all;
  }
};

/// A worker of `task` whose every step takes `seconds`.
inline SimulatedWorker steady_worker(const SpiralTask& task, int worker, double seconds) {
  return {&task.store(worker), [&task, worker](int64_t step) { task.gradient(worker, step); },
          [seconds](int64_t) { return seconds; }};
}

}  // namespace gpt
