// Timing: what is run, and what is read between the runs.

#include "07_cuda_kernels/measure.hpp"

#include <gtest/gtest.h>

#include "06_simt/device_array.hpp"
#include "07_cuda_kernels/sweep.hpp"

namespace gpt {
namespace {

namespace kernels = KERNEL_SPACE;

class Measure : public testing::Test {
 protected:
  void SetUp() override {
    if (kernels::device_count() == 0) GTEST_SKIP() << "no GPU here";
  }
};

TEST_F(Measure, RunsAreWarmedUpAndRepeated) {
  int runs = 0;
  EXPECT_GE(kernels::milliseconds([&] { ++runs; }), 0.0);
  EXPECT_GE(runs, 3 + 5);
}

TEST_F(Measure, TheDeviceHasAName) {
  EXPECT_FALSE(kernels::device_facts().name.empty());
}

TEST_F(Measure, ASweepReadsAndLeavesEverythingAsItWas) {
  for (const size_t n : {4u, 1024u, 1024u * 256u + 12u}) {
    const simt::DeviceArray<float> memory(std::vector<float>(n, 0.25f)), never(std::vector<float>{7.0f});
    kernels::sweep(never.data(), memory.data(), static_cast<int64_t>(n));
    EXPECT_EQ(never.host()[0], 7.0f);
    EXPECT_EQ(memory.host(), std::vector<float>(n, 0.25f));
  }
  // That it reads all: the sum -1 is what it looks for.
  std::vector<float> values(4096, 0.0f);
  values[4095] = -1.0f;
  const simt::DeviceArray<float> memory(values), found(std::vector<float>{7.0f});
  kernels::sweep(found.data(), memory.data(), 4096);
  EXPECT_EQ(found.host()[0], -1.0f);
}

}  // namespace
}  // namespace gpt
