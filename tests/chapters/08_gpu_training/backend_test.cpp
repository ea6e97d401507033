// The backend for GPUs computes what every backend must compute: on the SIMT machine, in its checked build,
// and on a GPU where there is one.

#include "tests/chapters/05_gpt/backend_conformance.hpp"

#include "08_gpu_training/gpu_backend.hpp"

namespace gpt {
namespace {

std::vector<Candidate> candidates() {
  std::vector<Candidate> all;
  if (KERNEL_SPACE::gpu_status().state != GpuStatus::State::ready) return all;
  for (const DType type : {DType::f32, DType::bf16})
    all.push_back({std::string(name_of(type)),
                   [type] { return KERNEL_SPACE::make_gpu_backend({.compute_type = type}); }});
  return all;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Gpu, BackendConformance, testing::ValuesIn(candidates()), candidate_name);

}  // namespace gpt
