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
/// y += factor · Σ a[k · apart] · (row k of x), for `count` rows: four of them in one pass over y.
void add_rows(float* y, float factor, const float* a, int64_t apart, const float* x, int64_t count,
              int64_t n) {
  int64_t k = 0;
  for (; k + 4 <= count; k += 4, a += 4 * apart, x += 4 * n) {
    const float a0 = factor * a[0], a1 = factor * a[apart], a2 = factor * a[2 * apart],
                a3 = factor * a[3 * apart];
    for (int64_t i = 0; i < n; ++i) y[i] += a0 * x[i] + a1 * x[n + i] + a2 * x[2 * n + i] + a3 * x[3 * n + i];
  }
  for (; k < count; ++k, a += apart, x += n) add_scaled(y, factor * *a, x, n);
}

/// pᵀ (r, n) = the products of the rows of M (n, m) with the rows of qᵀ (r, m).
void multiply(float* p, const float* matrix, const float* q, const Piece& size, int64_t r) {
  for (int64_t i = 0; i < size.rows; ++i)
    for (int64_t k = 0; k < r; ++k) {
      const float *row = matrix + i * size.columns, *column = q + k * size.columns;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t j = 0; j < size.columns; ++j) sum += row[j] * column[j];
      p[k * size.rows + i] = sum;
    }
}

/// qᵀ (r, m) = pᵀ (r, n) · M (n, m), four rows of M at a time.
void multiply_transposed(float* q, const float* matrix, const float* p, const Piece& size, int64_t r) {
  std::fill_n(q, r * size.columns, 0.0f);
  for (int64_t i = 0; i < size.rows; i += 4)
    for (int64_t k = 0; k < r; ++k)
      add_rows(q + k * size.columns, 1.0f, p + k * size.rows + i, 1, matrix + i * size.columns,
               std::min<int64_t>(4, size.rows - i), size.columns);
}

/// M += factor · P·Qᵀ
void add_product(float* matrix, float factor, const float* p, const float* q, const Piece& size, int64_t r) {
  for (int64_t i = 0; i < size.rows; ++i)
    add_rows(matrix + i * size.columns, factor, p + i, size.rows, q, r, size.columns);
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
  const int64_t rank = options_.rank;
  gradients_ = gradients;
  matrices_.assign(plan.buckets.size(), {});
  whole_.assign(plan.buckets.size(), {});
  int64_t q = 0;
  const auto pieces = pieces_by_bucket(parameters, plan);
  for (size_t b = 0; b < pieces.size(); ++b)
    for (const Piece& piece : pieces[b]) {
      if (piece.rows == 0 || 2 * rank * (piece.rows + piece.columns) > piece.elements) {
        whole_[b].push_back(piece);
      } else {
        matrices_[b].push_back({piece, q});
        q += rank * piece.columns;
      }
    }
  if (residual_.defined()) return;  // the matrices come in the same order, however they are cut
  workshop_ = make_workshop(gradients);
  residual_ = Tensor::zeros(gradients.shape());
  q_ = Tensor({q});
  const RandomStream random(options_.seed, RandomUse::rounding);
  for (int64_t i = 0; i < q; ++i) q_.data<float>()[i] = random.normal(static_cast<uint64_t>(i));
}

// [add_up]
void PowerSgd::add_up(Communicator& group, const Tensor& row, const Tensor& mine, const SumKey& key) const {
  if (!codec_) return group.all_reduce(row, ReduceOp::sum);
  if (!mine.defined()) return two_phase_sum(group, *codec_, row.span<float>(), {}, key);
  const Tensor lost = Tensor::zeros(row.shape()), of_sums = Tensor::zeros(row.shape());
  two_phase_sum(group, *codec_, row.span<float>(), {lost.span<float>(), of_sums.span<float>()}, key);
  add_scaled(mine.data<float>(), -1.0f, lost.data<float>(), row.elements());
  add_scaled(mine.data<float>(), -1.0f, of_sums.data<float>(), row.elements());
}
// [/add_up]

// [power_sgd]
void PowerSgd::sum(Communicator& group, size_t bucket, int64_t step) {
  Carrier carrier(group, *workshop_);
  sum_whole(carrier, *workshop_, whole_[bucket], gradients_, gradients_);
  const std::vector<Matrix>& matrices = matrices_[bucket];
  if (matrices.empty()) return;
  const int64_t rank = options_.rank;
  int64_t p_size = 0, q_size = 0;
  for (const auto& [piece, q] : matrices) p_size += rank * piece.rows, q_size += rank * piece.columns;
  const Tensor ps({p_size}), qs({q_size});
  float *const gradients = gradients_.data<float>(), *const residual = residual_.data<float>();

  float* p = ps.data<float>();
  for (const auto& [piece, q] : matrices) {  // M = gradient + residual, where the residual lies; P = M·Q
    add_scaled(residual + piece.from, 1.0f, gradients + piece.from, piece.elements);
    multiply(p, residual + piece.from, q_.data<float>() + q, piece, rank);
    p += rank * piece.rows;
  }
  add_up(group, ps, {}, {options_.seed, step, 2 * bucket});

  p = ps.data<float>();
  float* q_new = qs.data<float>();
  for (const auto& [piece, q] : matrices) {  // P with orthonormal columns; Q = Mᵀ·P
    orthonormalise({p, static_cast<size_t>(rank * piece.rows)}, rank);
    multiply_transposed(q_new, residual + piece.from, p, piece, rank);
    p += rank * piece.rows, q_new += rank * piece.columns;
  }
  const Tensor mine = qs.clone();
  add_up(group, qs, mine, {options_.seed, step, 2 * bucket + 1});

  p = ps.data<float>();
  q_new = qs.data<float>();
  const float* q_mine = mine.data<float>();
  for (const auto& [piece, q] : matrices) {  // the sum of all ranks' M is nearly P·Qᵀ; residual = M - P·Qᵀ
    add_product(residual + piece.from, -1.0f, p, q_mine, piece, rank);
    std::fill_n(gradients + piece.from, piece.elements, 0.0f);
    add_product(gradients + piece.from, 1.0f, p, q_new, piece, rank);
    for (int64_t k = 0; k < rank; ++k) {  // the next step begins here; a 0 would stay 0 forever
      const float* column = q_new + k * piece.columns;
      if (dot(column, column, piece.columns) > 0)
        std::copy_n(column, piece.columns, q_.data<float>() + q + k * piece.columns);
    }
    p += rank * piece.rows, q_new += rank * piece.columns, q_mine += rank * piece.columns;
  }
}
// [/power_sgd]

std::vector<StateRow> PowerSgd::state() {
  return {{"residual", StateRow::Kind::parts, residual_}, {"q", StateRow::Kind::common, q_}};
}

}  // namespace gpt
