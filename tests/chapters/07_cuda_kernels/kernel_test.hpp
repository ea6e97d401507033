#pragma once
// What the tests of kernels share: the orders in which they run, the types, and how close is close.

#include <gtest/gtest.h>

#include "05_gpt/backend.hpp"
#include "06_simt/checker.hpp"
#include "07_cuda_kernels/device_tensor.hpp"
#include "07_cuda_kernels/ladder.hpp"

namespace gpt {

namespace kernels = KERNEL_SPACE;
using simt::DeviceTensor;

/// A test that runs in several orders of threads and with several workers, or once on a GPU if there is one.
class KernelTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) GTEST_SKIP() << "no GPU here";
  }

#ifndef SIMT_USE_CUDA
 private:
  static simt::Options options() {
    using simt::Order;
    const std::vector<simt::Options> all{{.workers = 1, .order = Order::forward},
                                         {.workers = 3, .order = Order::random},
                                         {.workers = 3,
                                          .order = Order::reverse }};
    return all[static_cast<size_t>(GetParam())];
  }
  simt::ScopedOptions scoped_{options()};
#endif
};

/// Scratch memory for a kernel.
inline DeviceTensor scratch(size_t bytes) {
  return {Shape{static_cast<int64_t>(bytes / 4 + 1)}, DType::f32};
}

inline auto every_order() {
#ifdef SIMT_USE_CUDA
  return testing::Range(0, 1);
#else
  return testing::Range(0, 3);
#endif
}

constexpr DType both_types[] = {DType::f32, DType::bf16};

/// How far a result of this type may be off, relative to the largest value.
inline double tolerance(DType type, double of_f32 = 1e-5) {
  return type == DType::bf16 ? 2e-2 : of_f32;
}

/// Within `tolerance` of `wanted`, relative to its largest value.
inline void expect_close(const Tensor& got, const Tensor& wanted, double tolerance) {
  EXPECT_LE(relative_error(got, wanted), tolerance);
}

/// Every value of the two is the same.
inline void expect_same(const Tensor& got, const Tensor& wanted) {
  ASSERT_EQ(got.elements(), wanted.elements());
  const Tensor a = got.to(DType::f64), b = wanted.to(DType::f64);
  for (int64_t i = 0; i < a.elements(); ++i)
    ASSERT_EQ(a.data<double>()[i], b.data<double>()[i]) << "element " << i;
}

#ifdef SIMT_CHECKED
/// What `run` asks of one of the memories.
template <class F>
simt::AccessSite counted(simt::AccessSite::Space space, F&& run) {
  const simt::AccessProfile profile;
  run();
  return profile.total(space);
}

/// The sectors that `run` moves are at most 1.1 times what `bytes` fill.
template <class F>
void expect_few_sectors(double bytes, F&& run) {
  const simt::AccessSite site = counted(simt::AccessSite::Space::global, run);
  EXPECT_LE(32.0 * static_cast<double>(site.cost), 1.1 * bytes);
  EXPECT_LE(static_cast<double>(site.cost), 1.1 * static_cast<double>(site.ideal));
}
#endif

}  // namespace gpt
