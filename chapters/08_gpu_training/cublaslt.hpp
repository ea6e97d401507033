#pragma once
// cuBLASLt, NVIDIA's library of matrix products. In the CUDA build only.
#ifdef SIMT_USE_CUDA

#include <cublasLt.h>

#include <map>
#include <memory>
#include <tuple>

#include "01_tensors/tensor.hpp"

namespace gpt::KERNEL_SPACE {

/// D = op(A) · op(B) + C + bias, all stored column by column: D and C (m, n), op(A) (m, k), op(B) (k, n).
/// A and B are both f32 or both bf16; D is of their type or f32. Each is a tensor of rank 2 whose rows, the
/// columns here, are dense and may lie apart, those of C as far as D's.
struct MatrixProduct {
  const Tensor& d;
  const Tensor& a;
  bool transpose_a = false;
  const Tensor& b;
  bool transpose_b = false;
  int64_t m, n, k;
  Tensor c = {};     ///< undefined, D itself, or another tensor of D's type
  Tensor bias = {};  ///< undefined, or (m) numbers of D's type, added to every column
};

/// The library with the algorithms that it has chosen. Sums are in f32, in an order that is always the same.
class CublasLt {
 public:
  CublasLt(const std::shared_ptr<Allocator>& allocator, cudaStream_t stream, bool tf32);
  ~CublasLt();
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;

  /// Starts the product; false when the library has no algorithm for it.
  bool multiply(const MatrixProduct& product);

 private:
  struct Plan;
  // m, n, k, flags, alignments, how far the columns of A, B and D lie apart
  using Key = std::tuple<int64_t, int64_t, int64_t, int, int64_t, int64_t, int64_t, int64_t>;
  Plan& plan(const MatrixProduct& product);

  cublasLtHandle_t handle_ = nullptr;
  cudaStream_t stream_;
  bool tf32_;
  Tensor workspace_;
  std::map<Key, std::unique_ptr<Plan>> plans_;
};

}  // namespace gpt::KERNEL_SPACE
#endif
