#pragma once
// Matrix products: a ladder from three plain loops to the library that the trainer uses.

#include <string_view>
#include <vector>

#include "01_tensors/tensor.hpp"

namespace gpt {

/// C = A·B by the rung's method. A: (M, K), B: (K, N), C: (M, N), all f32 and contiguous.
using MatmulFunction = void (*)(const Tensor& a, const Tensor& b, const Tensor& c);

/// One rung of the ladder.
struct MatmulRung {
  std::string_view name;
  MatmulFunction run;
  std::string_view idea;
  bool threaded = false;  ///< uses as many threads as OpenMP has
};

/// i, j, k: down the columns of B.
void matmul_naive(const Tensor& a, const Tensor& b, const Tensor& c);
/// i, k, j: along the rows of B.
void matmul_reordered(const Tensor& a, const Tensor& b, const Tensor& c);
/// In tiles that stay in registers and caches.
void matmul_blocked(const Tensor& a, const Tensor& b, const Tensor& c);
/// Eigen's product.
void matmul_eigen(const Tensor& a, const Tensor& b, const Tensor& c);
/// product() below.
void matmul_onednn(const Tensor& a, const Tensor& b, const Tensor& c);

/// The rungs in order.
const std::vector<MatmulRung>& matmul_ladder();

/// A·B for the lessons: f32 or f64, any strides. a: (…, M, K), b: (…, K, N); leading dimensions broadcast.
/// Throws Error when the shapes do not fit. Computed with Eigen.
Tensor matmul(const Tensor& a, const Tensor& b);

/// What product() does besides multiplying.
struct ProductOptions {
  const Tensor* bias = nullptr;      ///< (N), f32 or bf16: added to every row
  const Tensor* residual = nullptr;  ///< of out's shape, f32 or bf16, not out itself: added to the result
  bool accumulate = false;           ///< out += instead of out =
};

/// out = a·b (+ bias + residual), by oneDNN: the product the trainer uses. a: (M, K) and b: (K, N) are f32 or
/// bf16, out: (M, N) is f32 or bf16; sums are taken in f32. With equal leading batch dimensions on all three,
/// a batch of products. Any strides with one of the last two equal to 1: a transposed view costs no copy.
/// `out` must not overlap an input. Where oneDNN has no code (mixed types; bf16 on processors without
/// instructions for it) the operands are converted to f32 first. Throws Error, with shapes and strides, when
/// something does not fit.
void product(const Tensor& a, const Tensor& b, const Tensor& out, const ProductOptions& options = {});

}  // namespace gpt
