#include "01_tensors/matmul.hpp"

#include <Eigen/Core>

namespace gpt {
namespace {

// [eigen]
template <class T>
using Matrix = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

/// c = a·b for matrices. Eigen is fast for dense rows, so a strided operand is copied first.
template <class T>
void multiply(const Tensor& a, const Tensor& b, const Tensor& c) {
  const Tensor left = a.contiguous(), right = b.contiguous();
  const auto matrix = [](const Tensor& t) { return Matrix<T>(t.data<T>(), t.size(0), t.size(1)); };
  Matrix<T> result(c.span<T>().data(), c.size(0), c.size(1));
  result.noalias() = matrix(left) * matrix(right);
}
// [/eigen]

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  GPT_CHECK(a.rank() >= 2 && b.rank() >= 2 && a.size(-1) == b.size(-2), "matmul of shapes {} and {}",
            a.shape(), b.shape());
  GPT_CHECK_EQ(a.dtype(), b.dtype());
  const auto leading = [](const Shape& s) { return Shape(std::span(s.begin(), s.end() - 2)); };
  const auto with_matrix = [](const Shape& s, int64_t rows, int64_t columns) {
    return s.with(s.rank(), rows).with(s.rank() + 1, columns);
  };
  const Shape batch = broadcast_shapes(leading(a.shape()), leading(b.shape()));
  const Tensor result(with_matrix(batch, a.size(-2), b.size(-1)), a.dtype());
  const auto recurse = [](const auto& self, const Tensor& x, const Tensor& y, const Tensor& out) -> void {
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
  GPT_CHECK(a.rank() == 2 && b.rank() == 2 && a.size(1) == b.size(0), "matmul of shapes {} and {}", a.shape(),
            b.shape());
  GPT_CHECK_EQ(c.shape(), (Shape{a.size(0), b.size(1)}));
  multiply<float>(a, b, c);
}

void matmul_onednn(const Tensor& a, const Tensor& b, const Tensor& c) {
  product(a, b, c);
}

}  // namespace gpt
