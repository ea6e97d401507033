// The backend for GPUs against PyTorch: on the SIMT machine, in its checked build, and on a GPU.

#include "08_gpu_training/gpu_backend.hpp"
#include "backend_agreement.hpp"

namespace gpt {
namespace {

std::vector<Tested> backends() {
  if (KERNEL_SPACE::gpu_status().state != GpuStatus::State::ready) return {};
  const auto make = [](DType type) { return KERNEL_SPACE::make_gpu_backend({.compute_type = type}); };
  return {{"f32", make, DType::f32, 1e-5}, {"bf16", make, DType::bf16, 2e-2}};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Gpu, BackendAgreesWithPyTorch, testing::ValuesIn(backends()),
                         [](const auto& test) { return test.param.name; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BackendAgreesWithPyTorch);

}  // namespace gpt
