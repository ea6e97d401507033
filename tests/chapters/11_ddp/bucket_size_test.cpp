// The choice of a bucket size, on curves whose best size is known.

#include "11_ddp/bucket_size.hpp"

#include <gtest/gtest.h>

#include "03_optimizers/initialisation.hpp"

namespace gpt {
namespace {

constexpr int64_t kibibyte = 1 << 10, parameters_count = 64;
const std::vector<int64_t> candidates{4 * kibibyte, 16 * kibibyte, 64 * kibibyte, 256 * kibibyte};

/// 64 parameters of 4 KiB.
class BucketSize : public testing::Test {
 protected:
  BucketSize() {
    for (int64_t i = 0; i < parameters_count; ++i)
      store_.declare(fmt::format("p{}", i), {1024}, initial::zeros());
    store_.allocate(1);
  }
  /// Ready one after the other, `apart` seconds apart.
  static std::vector<double> ready(double apart) {
    std::vector<double> times;
    for (int64_t i = 0; i < parameters_count; ++i) times.push_back(apart * static_cast<double>(i + 1));
    return times;
  }
  int64_t choose(double apart, const std::vector<AllReduceTime>& measured) {
    return choose_bucket_bytes(store_, candidates, ready(apart), measured);
  }
  ParameterStore store_;
};

/// A wire with a start-up time and a bandwidth in bytes per second.
std::vector<AllReduceTime> wire(double latency, double bandwidth) {
  std::vector<AllReduceTime> result;
  for (const int64_t bytes : {kibibyte, 1024 * kibibyte})
    result.push_back({bytes, latency + static_cast<double>(bytes) / bandwidth});
  return result;
}

TEST_F(BucketSize, WithLatencyAloneOneBucketIsBest) {
  EXPECT_EQ(choose(0.0, wire(1.0, 1e15)), candidates.back());
  EXPECT_EQ(choose(1e-6, wire(1.0, 1e15)), candidates.back());
}

TEST_F(BucketSize, WithBandwidthAloneTheSmallestIsBest) {
  // The wire carries a parameter in the time in which the next becomes ready: only the last bucket shows.
  EXPECT_EQ(choose(1.0, wire(0.0, 4.0 * kibibyte)), candidates.front());
}

TEST_F(BucketSize, BetweenThemTheBestIsInBetween) {
  const std::vector<AllReduceTime> measured = wire(1.5, 8.0 * kibibyte);  // 2 s for 4 KiB, 3.5 s for 16 KiB
  EXPECT_EQ(choose(1.0, measured), 16 * kibibyte);
  EXPECT_DOUBLE_EQ(predicted_end(store_, 16 * kibibyte, ready(1.0), measured), 64.0 + 3.5);
  EXPECT_DOUBLE_EQ(predicted_end(store_, 4 * kibibyte, ready(1.0), measured), 1.0 + 64 * 2.0);
  EXPECT_DOUBLE_EQ(predicted_end(store_, 256 * kibibyte, ready(1.0), measured), 64.0 + 33.5);
}

TEST_F(BucketSize, OfEqualOnesTheLargestIsTaken) {
  // Everything is ready at once and the wire has no latency: the size does not matter.
  EXPECT_EQ(choose(0.0, wire(0.0, 1e6)), candidates.back());
}

TEST_F(BucketSize, AParameterThatIsReadyLateHoldsBackThoseBehindItAlone) {
  std::vector<double> times(parameters_count, 0.0);
  times.back() = 100.0;  // the last in the buffer, as a tied token table
  const std::vector<AllReduceTime> measured = wire(0.0, 4.0 * kibibyte);
  EXPECT_NEAR(predicted_end(store_, 4 * kibibyte, times, measured), 101.0, 1e-9);
  std::vector<double> first(parameters_count, 0.0);
  first.front() = 100.0;
  EXPECT_NEAR(predicted_end(store_, 4 * kibibyte, first, measured), 164.0, 1e-9);
}

TEST(Interpolation, ReadsALineBetweenAndBeyondTheMeasurements) {
  const std::vector<AllReduceTime> measured{{100, 1.0}, {200, 2.0}, {400, 3.0}};
  EXPECT_DOUBLE_EQ(interpolate(measured, 10), 1.0);
  EXPECT_DOUBLE_EQ(interpolate(measured, 100), 1.0);
  EXPECT_DOUBLE_EQ(interpolate(measured, 150), 1.5);
  EXPECT_DOUBLE_EQ(interpolate(measured, 300), 2.5);
  EXPECT_DOUBLE_EQ(interpolate(measured, 600), 4.0);
  EXPECT_DOUBLE_EQ(interpolate({{100, 1.0}}, 600), 1.0);
  EXPECT_DOUBLE_EQ(interpolate({{100, 1.0}, {200, 0.5}}, 600), 1.0);  // noise: never below the first
}

}  // namespace
}  // namespace gpt
