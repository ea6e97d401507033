#include "01_tensors/matmul.hpp"

#include <Eigen/Core>

namespace gpt {
namespace {

struct Sizes {
  int64_t M, K, N;
};

Sizes sizes_of(const Tensor& a, const Tensor& b, const Tensor& c) {
  GPT_CHECK(a.rank() == 2 && b.rank() == 2 && a.size(1) == b.size(0), "matmul of shapes {} and {}", a.shape(),
            b.shape());
  GPT_CHECK_EQ(c.shape(), (Shape{a.size(0), b.size(1)}));
  return {a.size(0), a.size(1), b.size(1)};
}

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using MatrixView = Eigen::Map<Matrix<T>, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;

/// A 2-D tensor as Eigen sees it, whatever its strides.
template <class T>
MatrixView<T> view(const Tensor& t) {
  return {t.data<T>(), t.size(0), t.size(1), {t.strides()[0], t.strides()[1]}};
}

template <class T>
void multiply(const Tensor& a, const Tensor& b, const Tensor& c) {
  Eigen::Map<Matrix<T>> out(c.data<T>(), c.size(0), c.size(1));
  // Eigen multiplies fast only matrices with an inner stride of 1, which it must be told at compile time.
  const Matrix<T> left = view<T>(a), right = view<T>(b);
  out.noalias() = left * right;
}

}  // namespace

// [naive]
void matmul_naive(const Tensor& a, const Tensor& b, const Tensor& c) {
  const auto [M, K, N] = sizes_of(a, b, c);
  const float *A = a.data<float>(), *B = b.data<float>();
  float* C = c.data<float>();
  for (int64_t i = 0; i < M; ++i)
    for (int64_t j = 0; j < N; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < K; ++k) sum += A[i * K + k] * B[k * N + j];
      C[i * N + j] = sum;
    }
}
// [/naive]

// [reordered]
void matmul_reordered(const Tensor& a, const Tensor& b, const Tensor& c) {
  const auto [M, K, N] = sizes_of(a, b, c);
  const float *A = a.data<float>(), *B = b.data<float>();
  float* C = c.data<float>();
  for (int64_t i = 0; i < M; ++i) {
    for (int64_t j = 0; j < N; ++j) C[i * N + j] = 0;
    for (int64_t k = 0; k < K; ++k) {
      const float factor = A[i * K + k];
      for (int64_t j = 0; j < N; ++j) C[i * N + j] += factor * B[k * N + j];
    }
  }
}
// [/reordered]

Tensor matmul(const Tensor& a, const Tensor& b) {
  GPT_CHECK(a.rank() >= 2 && b.rank() >= 2 && a.size(-1) == b.size(-2), "matmul of shapes {} and {}",
            a.shape(), b.shape());
  GPT_CHECK_EQ(a.dtype(), b.dtype());
  const auto leading = [](const Shape& s) { return Shape(std::span(s.begin(), s.end() - 2)); };
  const auto with_matrix = [](Shape s, int64_t rows, int64_t columns) {
    return s.with(s.rank(), rows).with(s.rank() + 1, columns);
  };
  const Shape batch = broadcast_shapes(leading(a.shape()), leading(b.shape()));
  Tensor result(with_matrix(batch, a.size(-2), b.size(-1)), a.dtype());
  const auto recurse = [](auto&& self, const Tensor& x, const Tensor& y, const Tensor& out) -> void {
    if (out.rank() > 2) {
      for (int64_t i = 0; i < out.size(0); ++i) self(self, x.select(0, i), y.select(0, i), out.select(0, i));
    } else {
      dispatch_real(out.dtype(), "matmul", [&](auto zero) { multiply<decltype(zero)>(x, y, out); });
    }
  };
  recurse(recurse, a.expand(with_matrix(batch, a.size(-2), a.size(-1))),
          b.expand(with_matrix(batch, b.size(-2), b.size(-1))), result);
  return result;
}

void matmul_eigen(const Tensor& a, const Tensor& b, const Tensor& c) {
  sizes_of(a, b, c);
  const auto in = [](const Tensor& t) {
    return Eigen::Map<const Matrix<float>>(t.data<float>(), t.size(0), t.size(1));
  };
  Eigen::Map<Matrix<float>>(c.data<float>(), c.size(0), c.size(1)).noalias() = in(a)*in(b);
}

void matmul_onednn(const Tensor& a, const Tensor& b, const Tensor& c) {
  product(a, b, c);
}

const std::vector<MatmulRung>& matmul_ladder() {
  static const std::vector<MatmulRung> ladder{
      {"naive", matmul_naive, "three loops as the formula is written"},
      {"reordered", matmul_reordered,
       "the inner loop runs along rows: vector instructions, whole cache lines"},
      {"blocked", matmul_blocked, "a tile of C stays in registers, a panel of B in the cache"},
      {"Eigen", matmul_eigen, "a library of expression templates, one thread"},
      {"oneDNN", matmul_onednn, "code generated at run time for this processor and these sizes"},
  };
  return ladder;
}

}  // namespace gpt
