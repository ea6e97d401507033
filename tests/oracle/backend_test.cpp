// The backends for processors against PyTorch.

#include "backend_agreement.hpp"

namespace gpt {

INSTANTIATE_TEST_SUITE_P(Each, BackendAgreesWithPyTorch,
                         testing::Values(Tested{"reference_f64", make_reference_backend, DType::f64, 1e-12},
                                         Tested{"reference_f32", make_reference_backend, DType::f32, 2e-6},
                                         Tested{"cpu_f32", make_cpu_backend, DType::f32, 2e-6},
                                         Tested{"cpu_bf16", make_cpu_backend, DType::bf16, 2e-2}),
                         [](const auto& test) { return test.param.name; });

}  // namespace gpt
