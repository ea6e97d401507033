// The same kernel built for the SIMT machine, for the checker and for the GPU, in one program.

#include "one_program.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "06_simt/checker.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

void expect_saxpy(void (*saxpy)(int, float, const float*, float*)) {
  const int n = 1000;
  std::vector<float> x(n), y(n, 1.0f);
  std::iota(x.begin(), x.end(), 0.0f);
  saxpy(n, 2.0f, x.data(), y.data());
  for (int i = 0; i < n; ++i) ASSERT_EQ(y[i], 1.0f + 2.0f * static_cast<float>(i));
}

TEST(OneProgram, RunsAnEmulatedKernel) {
  EXPECT_EQ(emulated::devices(), 1);
  expect_saxpy(emulated::saxpy);
}

#if GPT_CHECKED_KERNELS
TEST(OneProgram, RunsACheckedKernel) {
  const simt::AccessProfile profile;
  expect_saxpy(checked::saxpy);
  EXPECT_EQ(profile.sites().size(), 2u);  // one line: its loads, its stores
}

TEST(OneProgram, DoesNotWatchTheEmulatedKernels) {
  const simt::AccessProfile profile;
  expect_saxpy(emulated::saxpy);
  EXPECT_TRUE(profile.sites().empty());
}
#endif

TEST(OneProgram, RunsTheCudaKernel) {
#ifdef HAVE_CUDA_KERNELS
  if (cuda::devices() == 0) GTEST_SKIP() << "linked, but there is no GPU here";
  expect_saxpy(cuda::saxpy);
#else
  GTEST_SKIP() << "built without CUDA";
#endif
}

#ifdef HAVE_CUDA_KERNELS
TEST(OneProgram, SaysWhatCudaSaysWhereThereIsNoGpu) {
  if (cuda::devices() > 0) GTEST_SKIP() << "there is a GPU here";
  float x = 1, y = 1;
  EXPECT_THROW(cuda::saxpy(1, 1.0f, &x, &y), Error);
}
#endif

}  // namespace
}  // namespace gpt
