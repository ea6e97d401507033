#include "tests/chapters/05_gpt/backend_conformance.hpp"
#include "05_gpt/cpu_backend.hpp"

namespace gpt {

INSTANTIATE_TEST_SUITE_P(
    All, BackendConformance,
    testing::Values(Candidate{"reference_f32", [] { return make_reference_backend(DType::f32); }},
                    Candidate{"cpu_f32", [] { return make_cpu_backend(DType::f32); }},
                    Candidate{"cpu_bf16", [] { return make_cpu_backend(DType::bf16); }},
                    Candidate{"cpu_bf16_without_tiles",
                              [] { return std::make_unique<CpuBackend>(DType::bf16, false); }}),
    candidate_name);

}  // namespace gpt
