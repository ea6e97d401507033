#include "10_collectives/link_measurement.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "10_collectives/collectives.hpp"

namespace gpt {
namespace {

constexpr int64_t smallest = 4, largest = 4 << 20, factor = 4;  // bytes of a message

/// Seconds of one call of `body` among `calls` in a row, the fastest of several such rows.
template <class Body>
double seconds_of(Communicator& communicator, int64_t calls, Body&& body) {
  double best = 1e9;
  for (int repetition = 0; repetition < 7; ++repetition) {
    communicator.barrier();
    const auto start = std::chrono::steady_clock::now();
    for (int64_t call = 0; call < calls; ++call) body();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::min(best, communicator.all_reduce(elapsed.count(), ReduceOp::max));
  }
  return best / static_cast<double>(calls);  // more than nothing: the clock is read twice
}

/// Times step(message, another of its size) for messages of all sizes.
template <class Step>
std::vector<TimedPath> time_messages(Communicator& communicator, double messages_in_a_row, Step&& step) {
  std::vector<TimedPath> times;
  for (int64_t bytes = smallest; bytes <= largest; bytes *= factor) {
    const Tensor out = Tensor::zeros({bytes / 4}), in = Tensor::zeros({bytes / 4});
    const int64_t calls = std::clamp<int64_t>(largest / bytes, 2, 50);
    const double seconds = seconds_of(communicator, calls, [&] { step(out, in); }) / messages_in_a_row;
    times.push_back({{.messages = 1, .bytes = static_cast<double>(bytes)}, seconds});
  }
  return times;
}

}  // namespace

// [shift]
std::vector<TimedPath> time_ping_pong(Communicator& communicator, const PointToPoint& group) {
  return time_messages(communicator, 2, [&](const Tensor& out, const Tensor& in) {
    if (group.rank() == 0) {
      group.send(out, 1);
      group.receive(in, 1);
    } else if (group.rank() == 1) {
      group.receive(in, 0);
      group.send(out, 0);
    }
  });
}

std::vector<TimedPath> time_shift(Communicator& communicator, const PointToPoint& group) {
  const int right = (group.rank() + 1) % group.size(),
            left = (group.rank() + group.size() - 1) % group.size();
  return time_messages(communicator, 1, [&](const Tensor& out, const Tensor& in) {
    if (group.rank() >= 0 && group.size() > 1) group.exchange(out, right, in, left);
  });
}
// [/shift]

double time_addition(Communicator& communicator) {
  const Tensor a = Tensor::full({1 << 16}, 1.0), b = Tensor::full({1 << 16}, 1.0);  // 256 KiB each
  const double seconds = seconds_of(communicator, 20, [&] { combine(a, b, b, ReduceOp::max); });
  return seconds / static_cast<double>(a.bytes());
}

double time_copies(Communicator& communicator, int64_t bytes, int ranks_per_host) {
  const Tensor from = Tensor::full({bytes / 4}, 1.0), to = Tensor::zeros({bytes / 4});
  const int64_t calls = std::clamp<int64_t>((16 << 20) / bytes, 1, 100);
  const double seconds = seconds_of(communicator, calls, [&] {
    std::memcpy(to.bytes_data(), from.bytes_data(), static_cast<size_t>(from.bytes()));
  });
  return seconds / (2.0 * static_cast<double>(from.bytes()) * ranks_per_host);
}

Cluster measure_cluster(MpiCommunicator& communicator, const PointToPoint& group) {
  const std::vector<int>& hosts = communicator.hosts();  // of each rank, the first rank on its host
  std::vector<int> here, leaders;
  Cluster cluster;
  for (int rank = 0; rank < group.size(); ++rank) {
    const int host = hosts[static_cast<size_t>(rank)];
    if (host == hosts[static_cast<size_t>(group.rank())]) here.push_back(rank);
    if (host == rank) leaders.push_back(rank);
    cluster.ranks_per_host =
        std::max(cluster.ranks_per_host, static_cast<int>(std::count(hosts.begin(), hosts.end(), host)));
  }
  cluster.hosts = static_cast<int>(leaders.size());
  if (cluster.ranks_per_host > 1) cluster.inside = fit_link(time_shift(communicator, group.subgroup(here)));
  if (cluster.hosts > 1) cluster.between = fit_link(time_shift(communicator, group.subgroup(leaders)));
  cluster.inside.gamma = cluster.between.gamma = time_addition(communicator);
  cluster.memory_beta = time_copies(communicator, 32 << 20, cluster.ranks_per_host);
  cluster.cache_beta = time_copies(communicator, 256 << 10, cluster.ranks_per_host);
  return cluster;
}

}  // namespace gpt
