#include "13_compression/power_sgd.hpp"

#include <algorithm>
#include <cmath>

#include "01_tensors/philox.hpp"

namespace gpt {
namespace {

double dot(const float* a, const float* b, int64_t n) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += double{a[i]} * b[i];
  return sum;
}

/// y += factor · x
void add_scaled(float* y, float factor, const float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += factor * x[i];
}

// [products]
/// pᵀ (r, n) = the products of the rows of M (n, m) with the rows of qᵀ (r, m).
void multiply(float* p, const float* matrix, const float* q, const Piece& size, int64_t r) {
  for (int64_t k = 0; k < r; ++k)
    for (int64_t i = 0; i < size.rows; ++i)
      p[k * size.rows + i] =
          static_cast<float>(dot(matrix + i * size.columns, q + k * size.columns, size.columns));
}

/// qᵀ (r, m) = pᵀ (r, n) · M (n, m)
void multiply_transposed(float* q, const float* matrix, const float* p, const Piece& size, int64_t r) {
  std::fill_n(q, r * size.columns, 0.0f);
  for (int64_t i = 0; i < size.rows; ++i)
    for (int64_t k = 0; k < r; ++k)
      add_scaled(q + k * size.columns, p[k * size.rows + i], matrix + i * size.columns, size.columns);
}

/// M += factor · P·Qᵀ
void add_product(float* matrix, float factor, const float* p, const float* q, const Piece& size, int64_t r) {
  for (int64_t i = 0; i < size.rows; ++i)
    for (int64_t k = 0; k < r; ++k)
      add_scaled(matrix + i * size.columns, factor * p[k * size.rows + i], q + k * size.columns,
                 size.columns);
}
// [/products]

}  // namespace

// [orthonormalise]
void orthonormalise(std::span<float> p, int64_t r) {
  const int64_t n = static_cast<int64_t>(p.size()) / r;
  for (int64_t k = 0; k < r; ++k) {
    float* row = p.data() + k * n;
    const double before = std::sqrt(dot(row, row, n));
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t j = 0; j < k; ++j)
        add_scaled(row, static_cast<float>(-dot(row, p.data() + j * n, n)), p.data() + j * n, n);
    const double length = std::sqrt(dot(row, row, n));
    const bool independent = !(length <= 1e-5 * before);  // what is less is rounding; a NaN goes on
    const auto factor = independent ? static_cast<float>(1 / length) : 0.0f;
    for (int64_t i = 0; i < n; ++i) row[i] = independent ? row[i] * factor : 0.0f;
  }
}
// [/orthonormalise]

void PowerSgd::arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) {
  gradients_ = gradients;
  matrices_.assign(plan.buckets.size(), {});
  whole_.assign(plan.buckets.size(), {});
  int64_t q = 0;
  const auto pieces = pieces_by_bucket(parameters, plan);
  for (size_t b = 0; b < pieces.size(); ++b)
    for (const Piece& piece : pieces[b]) {
      if (piece.rows == 0 || 2 * rank_ * (piece.rows + piece.columns) > piece.elements) {
        whole_[b].push_back(piece);
      } else {
        matrices_[b].push_back({piece, q});
        q += rank_ * piece.columns;
      }
    }
  if (residual_.defined()) return;  // the matrices come in the same order, however they are cut
  residual_ = Tensor::zeros(gradients.shape());
  q_ = Tensor({q});
  const RandomStream random(seed_, RandomUse::rounding);
  for (int64_t i = 0; i < q; ++i) q_.data<float>()[i] = random.normal(static_cast<uint64_t>(i));
}

// [power_sgd]
void PowerSgd::sum(Communicator& group, size_t bucket, int64_t /*step*/) {
  sum_whole(group, whole_[bucket], gradients_, gradients_);
  const std::vector<Matrix>& matrices = matrices_[bucket];
  if (matrices.empty()) return;
  int64_t p_size = 0, q_size = 0;
  for (const auto& [piece, q] : matrices) p_size += rank_ * piece.rows, q_size += rank_ * piece.columns;
  const Tensor ps({p_size}), qs({q_size});
  float *const gradients = gradients_.data<float>(), *const residual = residual_.data<float>();

  float* p = ps.data<float>();
  for (const auto& [piece, q] : matrices) {  // M = gradient + residual, where the residual lies; P = M·Q
    add_scaled(residual + piece.from, 1.0f, gradients + piece.from, piece.elements);
    multiply(p, residual + piece.from, q_.data<float>() + q, piece, rank_);
    p += rank_ * piece.rows;
  }
  group.all_reduce(ps, ReduceOp::sum);

  p = ps.data<float>();
  float* q_new = qs.data<float>();
  for (const auto& [piece, q] : matrices) {  // P with orthonormal columns; Q = Mᵀ·P; residual = M - P·Qᵀ
    orthonormalise({p, static_cast<size_t>(rank_ * piece.rows)}, rank_);
    multiply_transposed(q_new, residual + piece.from, p, piece, rank_);
    add_product(residual + piece.from, -1.0f, p, q_new, piece, rank_);
    p += rank_ * piece.rows, q_new += rank_ * piece.columns;
  }
  group.all_reduce(qs, ReduceOp::sum);

  p = ps.data<float>();
  q_new = qs.data<float>();
  for (const auto& [piece, q] : matrices) {  // the sum of all ranks' M is nearly P·Qᵀ
    std::fill_n(gradients + piece.from, piece.elements, 0.0f);
    add_product(gradients + piece.from, 1.0f, p, q_new, piece, rank_);
    for (int64_t k = 0; k < rank_; ++k) {  // the next step begins here; a 0 would stay 0 forever
      const float* column = q_new + k * piece.columns;
      if (dot(column, column, piece.columns) > 0)
        std::copy_n(column, piece.columns, q_.data<float>() + q + k * piece.columns);
    }
    p += rank_ * piece.rows, q_new += rank_ * piece.columns;
  }
}
// [/power_sgd]

std::vector<StateRow> PowerSgd::state() {
  return {{"residual", StateRow::Kind::parts, residual_}, {"q", StateRow::Kind::common, q_}};
}

}  // namespace gpt
