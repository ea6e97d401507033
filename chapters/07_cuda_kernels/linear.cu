#include "07_cuda_kernels/linear.hpp"

#include "07_cuda_kernels/product.hpp"
#include "07_cuda_kernels/reductions.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

template <class T, bool along_k>
Operand<T, along_k> operand(const void* data, int64_t lines, int64_t depth) {
  const int64_t run = along_k ? depth : lines;
  return {static_cast<const T*>(data), static_cast<int>(lines), static_cast<int>(depth),
          run % pack<T> == 0 && aligned(data)};
}

template <class T>
Output<T> output(void* c, bool is_float, const float* bias, const void* residual, bool add, int64_t rows,
                 int64_t cols) {
  return {static_cast<T*>(c),
          is_float ? static_cast<float*>(c) : nullptr,
          bias,
          static_cast<const T*>(residual),
          add,
          static_cast<int>(rows),
          static_cast<int>(cols),
          cols % 4 == 0 && aligned(c, bias, residual)};
}

// [ladder]
template <Layout layout, class T>
void multiply(const void* a, const void* b, const Output<T>& out, int64_t depth, int rung, Stream stream) {
  using P = Product<T, layout>;
  if (out.rows == 0 || out.cols == 0) return;
  const P product{operand<T, P::a_along_k>(a, out.rows, depth),
                  operand<T, P::b_along_k>(b, out.cols, depth),
                  out,
                  out.rows,
                  out.cols,
                  static_cast<int>(depth)};
  require(0 <= rung && rung < linear_rungs, "linear: no such rung");
  const bool packs = product.a.packs && product.b.packs;
  if (rung == 7 && !packs) rung = 6;
  if (rung >= 6 && !(sizeof(T) == 2 && bf16_on_tensor_cores())) rung = 5;
  if ((rung == 5 || rung == 4) && !packs) rung = 3;
  if (rung <= 2) launch_plain(product, rung, native(stream));
  if (rung == 3) launch_registers(product, native(stream));
  if (rung == 4 || rung == 5) launch_tiles(product, rung == 5, native(stream));
  if constexpr (sizeof(T) == 2) {
    if (rung == 6) launch_tensor_cores(product, native(stream));
    if (rung == 7) launch_async(product, native(stream));
  }
}
// [/ladder]

}  // namespace

void linear_forward(DType type, DType y_type, void* y, const void* x, const void* weight, const float* bias,
                    const void* residual, int64_t rows, int64_t inputs, int64_t outputs, int rung,
                    Stream stream) {
  require(y_type == type || !is_bf16(y_type), "linear_forward: y is of the type of x, or f32");
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    multiply<Layout::forward>(x, weight, output<T>(y, !is_bf16(y_type), bias, residual, false, rows, outputs),
                              inputs, rung, stream);
  });
}

void linear_backward_input(DType type, void* dx, bool add, const void* dy, const void* weight, int64_t rows,
                           int64_t inputs, int64_t outputs, int rung, Stream stream) {
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    multiply<Layout::input>(dy, weight, output<T>(dx, !is_bf16(type), nullptr, nullptr, add, rows, inputs),
                            outputs, rung, stream);
  });
}

void linear_backward_weight(DType type, float* d_weight, float* d_bias, const void* dy, const void* x,
                            int64_t rows, int64_t inputs, int64_t outputs, void* scratch, int rung,
                            Stream stream) {
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    multiply<Layout::weight>(dy, x, output<T>(d_weight, true, nullptr, nullptr, true, outputs, inputs), rows,
                             rung, stream);
  });
  if (d_bias) add_column_sums(d_bias, type, dy, rows, outputs, scratch, stream);
}

size_t linear_backward_weight_scratch_bytes(int64_t rows, int64_t /*inputs*/, int64_t outputs) {
  return column_sums_scratch_bytes(rows, outputs);
}

}  // namespace gpt::KERNEL_SPACE
