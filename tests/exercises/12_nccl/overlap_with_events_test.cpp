#include "exercises/12_nccl/overlap_with_events.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

namespace gpt {
namespace {

/// Both streams on a clock: every piece of work begins when its stream is free.
class Clock final : public TwoStreams {
 public:
  void kernels(double seconds) { now(Stream::compute) += seconds; }

  void record(int event, Stream stream) override { events_[event] = now(stream); }
  void wait(Stream stream, int event) override {
    if (events_.count(event) == 0) {
      ADD_FAILURE() << "event " << event
                    << " was waited for before it was recorded: CUDA would not wait at all";
      return;
    }
    now(stream) = std::max(now(stream), events_[event]);
  }
  void all_reduce(int bucket, Stream stream) override {
    begins[bucket] = now(stream);
    now(stream) += seconds_of_a_sum;
    last_sum = std::max(last_sum, now(stream));
  }
  void step(Stream stream) override {
    stepped = now(stream);
    step_stream = stream;
  }
  double& now(Stream stream) { return now_[static_cast<size_t>(stream)]; }

  double seconds_of_a_sum = 0;
  std::map<int, double> begins;  // of each bucket's sum
  double last_sum = 0;
  std::optional<double> stepped;
  Stream step_stream = Stream::communication;

 private:
  std::array<double, 2> now_{};
  std::map<int, double> events_;
};

/// Four buckets, each computed in `kernel` seconds and added up in `sum`.
Clock run(double kernel, double sum) {
  Clock clock;
  clock.seconds_of_a_sum = sum;
  for (int bucket = 0; bucket < 4; ++bucket) {
    clock.kernels(kernel);
    bucket_enqueued(clock, bucket);
  }
  EXPECT_TRUE(clock.now(TwoStreams::Stream::compute) <= 4 * kernel)
      << "the kernels of the last bucket ended after " << clock.now(TwoStreams::Stream::compute)
      << " s instead of " << 4 * kernel << ": "
      << (clock.now(TwoStreams::Stream::communication) == 0
              ? "on one stream nothing overlaps"
              : "the backward pass stood still until a sum was there");
  finish(clock, 4);
  return clock;
}

/// Seconds of a layer's kernels, and of a bucket's sum.
struct Seconds {
  double kernel, sum;
};
constexpr Seconds cases[] = {{1, 0.25}, {1, 1}, {1, 3}};

void check_begins(const Seconds& seconds) {
  const auto [kernel, sum] = seconds;
  SCOPED_TRACE(fmt::format("kernels of {} s, sums of {} s", kernel, sum));
  const Clock clock = run(kernel, sum);
  ASSERT_EQ(clock.begins.size(), 4u) << "four buckets, and so many sums";
  double free = 0;  // when the wire is
  for (const auto& [bucket, begin] : clock.begins) {
    const double there = (bucket + 1) * kernel;
    EXPECT_GE(begin, there) << "bucket " << bucket
                            << " was sent before its gradients were there: whose event did "
                            << "the communication stream wait for?";
    EXPECT_LE(begin, std::max(there, free)) << "bucket " << bucket << " waited for longer than it had to";
    free = begin + sum;
  }
}

void check_step(const Seconds& seconds) {
  const auto [kernel, sum] = seconds;
  SCOPED_TRACE(fmt::format("kernels of {} s, sums of {} s", kernel, sum));
  const Clock clock = run(kernel, sum);
  ASSERT_TRUE(clock.stepped) << "no step";
  EXPECT_EQ(clock.step_stream, TwoStreams::Stream::compute);
  EXPECT_GE(*clock.stepped, clock.last_sum)
      << "the optimizer did not wait for the last sum: this rank's parameters would go their own way";
  EXPECT_LE(*clock.stepped, std::max(clock.last_sum, 4 * kernel)) << "the optimizer waited for too much";
}

TEST(Overlap, EveryBucketIsAddedUpAsSoonAsItsGradientsAreThere) {
  for (const Seconds& seconds : cases) check_begins(seconds);
}

TEST(Overlap, TheOptimizerWaitsForAllSums) {
  for (const Seconds& seconds : cases) check_step(seconds);
}

}  // namespace
}  // namespace gpt
