#include "05_gpt/backend.hpp"
#include "07_cuda_kernels/device_tensor.hpp"
#include "07_cuda_kernels/families.hpp"
#include "07_cuda_kernels/linear.hpp"
#include "07_cuda_kernels/linear_library.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

using simt::DeviceTensor;

/// The first four rows and the last four: a plain loop over all of a large product would take minutes.
Tensor some_rows(const Tensor& matrix) {
  const int64_t rows = matrix.size(0), some = std::min<int64_t>(rows, 4);
  const Tensor chosen({2 * some, matrix.size(1)}, DType::f64);
  chosen.slice(0, 0, some).copy_from(matrix.slice(0, 0, some));
  chosen.slice(0, some, 2 * some).copy_from(matrix.slice(0, rows - some, rows));
  return chosen;
}

Ladder forward_ladder(DType type, int64_t rows, int64_t inputs, int64_t outputs) {
  const auto x = std::make_shared<DeviceTensor>(random_values({rows, inputs}, 1), type);
  const auto weight = std::make_shared<DeviceTensor>(random_values({outputs, inputs}, 2), type);
  const auto y = std::make_shared<DeviceTensor>(Shape{rows, outputs}, type);
  const auto rung = [=](int number) {
    return [=] {
      linear_forward(type, type, y->data(), x->data(), weight->data(), nullptr, nullptr, rows, inputs,
                     outputs, number);
    };
  };
  Ladder ladder{
      .task = "linear_forward",
      .problem = fmt::format("({}, {}) · ({}, {})ᵀ, {}", rows, inputs, outputs, inputs, type),
      .ideal_bytes = static_cast<double>((rows * inputs + outputs * inputs + rows * outputs) * size_of(type)),
      .flops = 2.0 * static_cast<double>(rows * inputs) * static_cast<double>(outputs),
      .rungs = {{"naive", "one output a thread, neighbouring lanes in neighbouring rows", rung(0)},
                {"coalesced", "neighbouring lanes read neighbours in memory", rung(1)},
                {"shared tiles", "a block shares 32 × 32 tiles: what one fetches, 32 use", rung(2)},
                {"registers", "4 × 4 outputs a thread: 8 loads for 16 products, not 2 for 1", rung(3)},
                {"vectorised", "8 × 8 outputs a thread, four neighbours by one load", rung(4)},
                {"double-buffered", "the next tile is fetched while this one is multiplied", rung(5)}},
      .error =
          [=] {
            const auto reference = make_reference_backend();
            const Tensor in = some_rows(x->host()), got = some_rows(y->host());
            const Tensor wanted(got.shape(), DType::f64);
            reference->linear_forward(wanted, in, weight->host(), {}, {});
            return relative_error(got, wanted);
          },
      .tolerance = type == DType::bf16 ? 2e-2 : 1e-5,
      .library =
          linear_forward_by_library(type, y->data(), x->data(), weight->data(), rows, inputs, outputs)};
  if (type == DType::bf16) {
    ladder.rungs.push_back(
        {"tensor cores", "a warp multiplies 16 × 16 matrices by one instruction", rung(6)});
    ladder.rungs.push_back({"asynchronous", "tiles are copied, and operands loaded, while it does", rung(7)});
  }
  return ladder;
}

}  // namespace

Ladders linear_ladders(ProblemSize size) {
  if (size == ProblemSize::tiny)
    return {forward_ladder(DType::f32, 128, 64, 256), forward_ladder(DType::bf16, 128, 64, 256)};
  return {forward_ladder(DType::f32, 8192, 4096, 4096), forward_ladder(DType::bf16, 8192, 4096, 4096)};
}

}  // namespace gpt::KERNEL_SPACE
