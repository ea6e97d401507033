#include "10_collectives/benchmark.hpp"

#include <algorithm>
#include <limits>

#include "10_collectives/bus_bandwidth.hpp"
#include "common/timing.hpp"

namespace gpt {
namespace {

double median_time(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double time_once(MpiCommunicator& communicator, AllReduceAlgorithm algorithm, const Tensor& row) {
  communicator.barrier();
  const Stopwatch watch;
  communicator.all_reduce_by(algorithm, row, ReduceOp::average);  // of equal rows: the numbers stay in range
  return watch.seconds();
}

/// Rank 0's word for all, as clocks and luck differ between ranks.
bool agree(Communicator& communicator, bool yes) {
  const Tensor word = Tensor::full({1}, yes ? 1 : 0, DType::i32);
  communicator.broadcast(word, 0);
  return word.at<int32_t>({0}) == 1;
}

Tensor row_of_bytes(int64_t bytes) {
  return Tensor::full({std::max<int64_t>(1, bytes / 4)}, 1.0);
}

}  // namespace

double bus_bandwidth(const Measurement& m, int ranks) {
  return bus_bandwidth(Collective::all_reduce, ranks, static_cast<double>(m.bytes), m.seconds);
}

std::vector<double> seconds_of(MpiCommunicator& communicator, AllReduceAlgorithm algorithm, const Tensor& row,
                               int repetitions) {
  const Tensor times({repetitions}, DType::f64);
  for (double& seconds : times.span<double>()) seconds = time_once(communicator, algorithm, row);
  communicator.all_reduce_by(AllReduceAlgorithm::library, times, ReduceOp::max);
  return {times.span<double>().begin(), times.span<double>().end()};
}

std::vector<AllReduceAlgorithm> possible_algorithms(const MpiCommunicator& communicator) {
  const std::vector<int>& hosts = communicator.hosts();
  const bool one_host = on_one_host(hosts);
  bool one_rank_each = true;
  for (size_t rank = 0; rank < hosts.size(); ++rank)
    one_rank_each = one_rank_each && hosts[rank] == static_cast<int>(rank);
  std::vector<AllReduceAlgorithm> possible;
  for (const AllReduceAlgorithm algorithm : all_reduce_algorithms) {
    if (algorithm == AllReduceAlgorithm::shared_memory && !one_host) continue;
    if (algorithm == AllReduceAlgorithm::hierarchical && (one_host || one_rank_each)) continue;
    possible.push_back(algorithm);
  }
  return possible;
}

std::vector<Measurement> measure(MpiCommunicator& communicator,
                                 std::span<const AllReduceAlgorithm> algorithms,
                                 std::span<const int64_t> sizes, double seconds_each) {
  constexpr size_t least = 5;
  std::vector<Measurement> result;
  for (const int64_t bytes : sizes) {
    const Tensor row = row_of_bytes(bytes);
    std::vector<std::vector<double>> times(algorithms.size());
    for (const AllReduceAlgorithm algorithm : algorithms) seconds_of(communicator, algorithm, row, 1);
    const Stopwatch watch;
    while (agree(communicator, times[0].size() < least ||
                                   watch.seconds() < seconds_each * static_cast<double>(algorithms.size())))
      for (size_t i = 0; i < algorithms.size(); ++i)
        for (const double seconds : seconds_of(communicator, algorithms[i], row, bytes < (1 << 20) ? 10 : 1))
          times[i].push_back(seconds);
    for (size_t i = 0; i < algorithms.size(); ++i)
      result.push_back({algorithms[i], bytes, median_time(times[i])});
  }
  return result;
}

// [plan]
AllReducePlan measure_all_reduce(MpiCommunicator& communicator) {
  constexpr double budget = 3;  // seconds
  constexpr int64_t smallest = 1 << 10, growth = 16, largest = 4 << 20;
  constexpr int64_t long_message = 256 << 10;  // from here on, who is slow will not catch up
  constexpr double hopeless = 3.0, nearly = 0.9, trust_in_the_ring = 0.8;

  std::vector<AllReduceAlgorithm> candidates = possible_algorithms(communicator);
  std::erase(candidates, AllReduceAlgorithm::naive);  // never better than the others, by the model
  std::erase(candidates, AllReduceAlgorithm::tree);
  AllReducePlan plan;
  const Stopwatch watch;
  double round = 0;  // seconds that all candidates took at the last size, once each
  for (int64_t bytes = smallest; bytes <= largest; bytes *= growth) {
    const bool is_long = bytes >= long_message;
    const int repetitions = is_long ? 2 : 5;
    // They take at most `growth` times as long as at the last size. Rank 0 decides for all.
    const double expected = growth * round * (1 + repetitions);
    if (!agree(communicator, plan.ranges.empty() || watch.seconds() + expected < budget)) break;
    const Tensor row = row_of_bytes(bytes);
    const Stopwatch this_round;
    std::vector<double> seconds;
    for (const AllReduceAlgorithm algorithm : candidates) {
      seconds_of(communicator, algorithm, row, 1);  // the first time makes connections and windows
      const std::vector<double> all = seconds_of(communicator, algorithm, row, repetitions);
      seconds.push_back(*std::min_element(all.begin(), all.end()));
    }
    round = this_round.seconds() / (1 + repetitions);
    const size_t best =
        static_cast<size_t>(std::min_element(seconds.begin(), seconds.end()) - seconds.begin());
    size_t winner = best;
    if (!plan.ranges.empty())
      for (size_t i = 0; i < candidates.size(); ++i)
        if (candidates[i] == plan.ranges.back().algorithm && nearly * seconds[i] < seconds[best]) winner = i;
    // A ring sends to one neighbour and hears from the other, all the time. Others, as fast in a short trial,
    // fell to half of that at times, when they sent for longer.
    for (size_t i = 0; i < candidates.size() && is_long; ++i)
      if (candidates[i] == AllReduceAlgorithm::ring && trust_in_the_ring * seconds[i] < seconds[best])
        winner = i;
    // A size stands for those around it: the bound lies in the middle, on the logarithmic scale.
    if (!plan.ranges.empty()) plan.ranges.back().up_to = bytes / 4;
    if (!plan.ranges.empty() && plan.ranges.back().algorithm == candidates[winner])
      plan.ranges.back().up_to = AllReducePlan::unlimited;
    else
      plan.ranges.push_back({AllReducePlan::unlimited, candidates[winner]});
    if (!is_long) continue;
    std::vector<AllReduceAlgorithm> with_a_chance;
    for (size_t i = 0; i < candidates.size(); ++i)
      if (seconds[i] < hopeless * seconds[best]) with_a_chance.push_back(candidates[i]);
    candidates = with_a_chance;
  }
  return plan;
}
// [/plan]

}  // namespace gpt
