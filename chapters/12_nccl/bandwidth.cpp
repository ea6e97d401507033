#include "12_nccl/bandwidth.hpp"

#include <algorithm>
#include <array>

#include "common/timing.hpp"

namespace gpt {
namespace {

constexpr std::array collectives{Collective::all_reduce, Collective::reduce_scatter, Collective::all_gather,
                                 Collective::broadcast};

void call(Communicator& c, Collective collective, const Tensor& whole, const Tensor& part) {
  switch (collective) {
    case Collective::all_reduce:
      return c.all_reduce(whole, ReduceOp::max);  // the numbers stay in range
    case Collective::reduce_scatter:
      return c.reduce_scatter(part, whole, ReduceOp::max);
    case Collective::all_gather:
      return c.all_gather(whole, part);
    default:
      return c.broadcast(whole, 0);
  }
}

/// Seconds of one call, as the slowest rank saw it.
double time_once(Communicator& c, Collective collective, const Tensor& whole, const Tensor& part) {
  c.barrier();
  const Stopwatch watch;
  call(c, collective, whole, part);
  return c.all_reduce(watch.seconds(), ReduceOp::max);
}

}  // namespace

std::span<const Collective> measured_collectives() {
  return collectives;
}

std::string_view name_of(Collective collective) {
  constexpr std::array<std::string_view, 5> names{"all-reduce", "reduce-scatter", "all-gather", "broadcast",
                                                  "reduce"};
  return names[static_cast<size_t>(collective)];
}

std::vector<CollectiveTime> measure_collectives(Communicator& c, const std::shared_ptr<Allocator>& memory,
                                                std::span<const int64_t> sizes, double seconds_each) {
  constexpr size_t least = 5;
  std::vector<CollectiveTime> result;
  for (const Collective collective : collectives)
    for (const int64_t bytes : sizes) {
      const int64_t part_elements = std::max<int64_t>(1, bytes / size_of(DType::f32) / c.size());
      const Tensor whole = Tensor::zeros({part_elements * c.size()}).on(memory);
      const Tensor part = Tensor::zeros({part_elements}).on(memory);
      std::vector<double> times;
      time_once(c, collective, whole, part);  // the first time makes connections
      const Stopwatch watch;
      // All ranks have the same times, but not the same clock: the first one's decides.
      for (bool more = true; more;) {
        times.push_back(time_once(c, collective, whole, part));
        more = c.all_reduce(
                   c.rank() == 0 && (times.size() < least || watch.seconds() < seconds_each) ? 1.0 : 0.0,
                   ReduceOp::max) > 0;
      }
      std::sort(times.begin(), times.end());
      result.push_back({collective, whole.bytes(), times[times.size() / 2]});
    }
  return result;
}

// [paths]
CriticalPath ring_path(Collective collective, int ranks, double bytes) {
  const double steps = ranks - 1.0;
  switch (collective) {
    case Collective::all_reduce:
      return {.messages = 2 * steps, .bytes = 2 * steps / ranks * bytes};
    case Collective::reduce_scatter:
    case Collective::all_gather:
      return {.messages = steps, .bytes = steps / ranks * bytes};
    default:
      return {.messages = steps, .bytes = ranks > 1 ? bytes : 0};
  }
}
// [/paths]

std::vector<TimedPath> timed_paths(std::span<const CollectiveTime> times, int ranks) {
  std::vector<TimedPath> paths;
  for (const CollectiveTime& time : times)
    if (ranks > 1)
      paths.push_back({ring_path(time.collective, ranks, static_cast<double>(time.bytes)), time.seconds});
  return paths;
}

}  // namespace gpt
