// Says: is a sum cut into parts?
#include "exercises/01_tensors/parallel_product.hpp"

namespace gpt {

Tensor parallel_product(const Tensor& a, const Tensor& b, int threads) {
  const int64_t M = a.size(0), K = a.size(1), N = b.size(1);
  const Tensor c = Tensor::zeros({M, N});
  const float *A = a.data<float>(), *B = b.data<float>();
  float* C = c.data<float>();
  for (int64_t i = 0; i < M; ++i)
    for (int64_t j = 0; j < N; ++j) {
      float sum = 0;
#pragma omp parallel for num_threads(threads) reduction(+ : sum)
      for (int64_t k = 0; k < K; ++k) sum += A[i * K + k] * B[k * N + j];
      C[i * N + j] = sum;
    }
  return c;
}

}  // namespace gpt
