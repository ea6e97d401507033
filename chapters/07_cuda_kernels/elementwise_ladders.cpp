#include "05_gpt/backend.hpp"
#include "07_cuda_kernels/device_tensor.hpp"
#include "07_cuda_kernels/elementwise.hpp"
#include "07_cuda_kernels/families.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

using simt::DeviceTensor;

std::string problem(int64_t n, DType type) {
  return fmt::format("{} elements, {}", n, type);
}

// [ladder]
Ladder gelu_ladder(int64_t n, DType type) {
  const auto x = std::make_shared<DeviceTensor>(random_values({n}, 1), type);
  const auto y = std::make_shared<DeviceTensor>(Shape{n}, type);
  const auto rung = [=](int number) { return [=] { gelu_forward(type, y->data(), x->data(), n, number); }; };
  return {.task = "gelu_forward",
          .problem = problem(n, type),
          .ideal_bytes = 2.0 * static_cast<double>(n * size_of(type)),
          .rungs = {{"one each", "one element a thread", rung(0)},
                    {"packs", "16 bytes a load and a store", rung(1)},
                    {"one exp", "1 / (1 + exp(-2u)) for (1 + tanh u) / 2", rung(2)}},
          .error =
              [=] {
                const auto reference = make_reference_backend();
                const Tensor wanted({n}, DType::f64);
                reference->gelu_forward(wanted, x->host());
                return relative_error(y->host(), wanted);
              },
          .tolerance = type == DType::bf16 ? 2e-2 : 1e-5};
}
// [/ladder]

Ladder add_ladder(int64_t n, DType type) {
  const Tensor start = random_values({n}, 2);
  const auto a = std::make_shared<DeviceTensor>(start, type), b = std::make_shared<DeviceTensor>(start, type);
  const auto rung = [=](int number) { return [=] { add(type, a->data(), b->data(), n, number); }; };
  return {.task = "add",
          .problem = problem(n, type),
          .ideal_bytes = 3.0 * static_cast<double>(n * size_of(type)),
          .rungs = {{"one each", "one element a thread", rung(0)},
                    {"packs", "16 bytes a load and a store", rung(1)}},
          .error =
              [=] {
                const Tensor sum = a->host();
                // However often it ran, a is a multiple of b.
                const double times = sum.data<double>()[0] / start.data<double>()[0];
                const Tensor wanted = start.clone();
                for (double& value : wanted.span<double>()) value *= times;
                return relative_error(sum, wanted);
              },
          .tolerance = type == DType::bf16 ? 2e-2 : 1e-5};
}

}  // namespace

Ladders elementwise_ladders(ProblemSize size) {
  const int64_t n = size == ProblemSize::tiny ? 4096 : int64_t{1} << 26;
  return {gelu_ladder(n, DType::f32), gelu_ladder(n, DType::bf16), add_ladder(n, DType::f32)};
}

}  // namespace gpt::KERNEL_SPACE
