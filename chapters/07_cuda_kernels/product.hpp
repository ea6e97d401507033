#pragma once
// What the rungs of linear.hpp share: a product C = A · B, where its operands lie, and what happens to its
// sums. Only .cu files include it.

#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {

// [layouts]
/// How the operands lie in memory. C is always (M, N), by rows.
enum class Layout {
  forward,  ///< y = x · weightᵀ: A (M, K) and B as (N, K), so both run along K
  input,    ///< dx = dy · weight: A (M, K), B (K, N)
  weight,   ///< dW = dyᵀ · x: A as (K, M), B (K, N): neither runs along K
};
// [/layouts]

/// Element (line, k) of an operand; a line is a row of A, or a column of B.
template <class T, bool along_k>
struct Operand {
  const T* data;
  int lines, depth;  // depth: K
  bool packs;        // whether runs of neighbours can be loaded as packs of 16 bytes

  __device__ const T* at(int line, int k) const {
    return data + (along_k ? static_cast<int64_t>(line) * depth + k : static_cast<int64_t>(k) * lines + line);
  }
  __device__ float operator()(int line, int k) const {
    return line < lines && k < depth ? to_float(*at(line, k)) : 0.0f;
  }
};

// [output]
/// Where the sums go: c = sum + bias + residual, or c += sum.
template <class T>
struct Output {
  T* c;           // of T, unless …
  float* floats;  // … these are to be had
  const float* bias;
  const T* residual;
  bool add;
  int rows, cols;
  bool packs;

  __device__ float with(float sum, int64_t i, int n) const {
    if (bias) sum += bias[n];
    if (residual) sum += to_float(residual[i]);
    if (add) sum += floats ? floats[i] : to_float(c[i]);
    return sum;
  }
  __device__ void store(int m, int n, float sum) const {
    if (m >= rows || n >= cols) return;
    const int64_t i = static_cast<int64_t>(m) * cols + n;
    sum = with(sum, i, n);
    if (floats) {
      floats[i] = sum;
    } else {
      c[i] = from_float<T>(sum);
    }
  }
  /// Columns n to n + 3; n is a multiple of 4.
  __device__ void store_four(int m, int n, float (&sum)[4]) const {
    if (!packs || m >= rows || n >= cols) {
      for (int j = 0; j < 4; ++j) store(m, n + j, sum[j]);
      return;
    }
    const int64_t i = static_cast<int64_t>(m) * cols + n;
    float more[4];
    if (bias) load_pack(bias + n, more), add_four(sum, more);
    if (residual) load_pack(residual + i, more), add_four(sum, more);
    if (add && floats) load_pack(floats + i, more), add_four(sum, more);
    if (add && !floats) load_pack(c + i, more), add_four(sum, more);
    if (floats) {
      store_pack(floats + i, sum);
    } else {
      store_pack(c + i, sum);
    }
  }

 private:
  __device__ static void add_four(float (&sum)[4], const float (&more)[4]) {
    for (int j = 0; j < 4; ++j) sum[j] += more[j];
  }
};
// [/output]

/// A product as the kernels take it.
template <class T, Layout layout>
struct Product {
  static constexpr bool a_along_k = layout != Layout::weight, b_along_k = layout == Layout::forward;

  Operand<T, a_along_k> a;
  Operand<T, b_along_k> b;
  Output<T> out;
  int rows, cols, depth;  // M, N, K
};

/// Starts the kernel of a rung. Rungs 0 to 2: product_plain.cu, 3: product_registers.cu, 4 and 5:
/// product_tiles.cu, 6: product_tensor_cores.cu, 7: product_async.cu, which wants packs of both operands.
template <class T, Layout layout>
void launch_plain(const Product<T, layout>& product, int rung, cudaStream_t stream);
template <class T, Layout layout>
void launch_registers(const Product<T, layout>& product, cudaStream_t stream);
template <class T, Layout layout>
void launch_tiles(const Product<T, layout>& product, bool double_buffered, cudaStream_t stream);
template <Layout layout>
void launch_tensor_cores(const Product<simt::bf16, layout>& product, cudaStream_t stream);
template <Layout layout>
void launch_async(const Product<simt::bf16, layout>& product, cudaStream_t stream);

/// Instantiates a launcher for all layouts and types.
#define GPT_FOR_EVERY_PRODUCT(INSTANTIATE) \
  INSTANTIATE(float, Layout::forward)      \
  INSTANTIATE(float, Layout::input)        \
  INSTANTIATE(float, Layout::weight)       \
  INSTANTIATE(simt::bf16, Layout::forward) \
  INSTANTIATE(simt::bf16, Layout::input)   \
  INSTANTIATE(simt::bf16, Layout::weight)

}  // namespace gpt::KERNEL_SPACE
