#include "tests/chapters/05_gpt/backend_conformance.hpp"
#include "05_gpt/cpu_backend.hpp"

namespace gpt {

// Enough rows for the tiles of cpu_product.cpp, of which the last blocks may be smaller.
TEST_P(BackendConformance, LinearOfManyRows) {
  const struct {
    int64_t rows, inputs, outputs;
  } shapes[] = {{256, 32, 64}, {257, 33, 70}, {300, 600, 31}, {260, 1100, 740}};
  for (const auto& s : shapes)
    for (const bool more : {false, true}) {
      if (!more && s.inputs > 1000) continue;  // the reference is slow
      SCOPED_TRACE(fmt::format("N {} I {} O {} bias, residual, add {}", s.rows, s.inputs, s.outputs, more));
      const Shape outputs{s.rows, s.outputs};
      const Twin x = random({s.rows, s.inputs}), weight = random({s.outputs, s.inputs});
      const Twin bias = more ? random({s.outputs}, sums()) : Twin{},
                 residual = more ? random(outputs) : Twin{};
      for (const DType type : {compute(), sums()}) {
        const Twin y = unwritten(outputs, type);
        tested().linear_forward(y.tested, x.tested, weight.tested, bias.tested, residual.tested);
        reference().linear_forward(y.expected, x.expected, weight.expected, bias.expected, residual.expected);
        expect_close(y, "y");
      }
      const Twin dy = random(outputs), dx = destination({s.rows, s.inputs}, more);
      tested().linear_backward_input(dx.tested, more, dy.tested, weight.tested);
      reference().linear_backward_input(dx.expected, more, dy.expected, weight.expected);
      expect_close(dx, "dx");
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, BackendConformance,
    testing::Values(Candidate{"reference_f32", [] { return make_reference_backend(DType::f32); }},
                    Candidate{"cpu_f32", [] { return make_cpu_backend(DType::f32); }},
                    Candidate{"cpu_bf16", [] { return make_cpu_backend(DType::bf16); }},
                    Candidate{"cpu_bf16_without_tiles",
                              [] { return std::make_unique<CpuBackend>(DType::bf16, false); }}),
    candidate_name);

}  // namespace gpt
