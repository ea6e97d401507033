#include "13_compression/power_sgd.hpp"

#include "01_tensors/philox.hpp"
#include "13_compression/carrier.hpp"

namespace gpt {

void PowerSgd::arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) {
  const int64_t rank = options_.rank;
  gradients_ = gradients;
  matrices_.assign(plan.buckets.size(), {});
  whole_.assign(plan.buckets.size(), {});
  int64_t q = 0;
  const auto pieces = pieces_by_bucket(parameters, plan);
  for (size_t b = 0; b < pieces.size(); ++b) {
    int64_t p_sent = 0, q_sent = 0;
    const auto next = [](int64_t& end, int64_t elements) {
      const int64_t begin = end;
      return Bucket{begin, end += elements, 0};
    };
    for (const Piece& piece : pieces[b]) {
      const int64_t p_size = rank * piece.rows, q_size = rank * piece.columns;
      if (piece.rows == 0 || 2 * (p_size + q_size) > piece.elements)
        whole_[b].push_back(piece);
      else
        matrices_[b].push_back({piece, next(q, q_size), next(p_sent, p_size), next(q_sent, q_size)});
    }
  }
  if (residual_.defined()) return;  // the matrices come in the same order, however they are cut
  workshop_ = make_workshop(gradients);
  thin_ = workshop_->thin_matrices();
  if (!code_.empty()) codec_ = workshop_->codec(code_);
  const Tensor first({q});
  const RandomStream random(options_.seed, RandomUse::rounding);
  for (int64_t i = 0; i < q; ++i) first.data<float>()[i] = random.normal(static_cast<uint64_t>(i));
  q_ = first.on(workshop_->memory());
  residual_ = Tensor::zeros(gradients.shape()).on(workshop_->memory());
}

// [add_up]
Tensor PowerSgd::add_up(Communicator& group, const Tensor& row, const SumKey& key) const {
  const Tensor lost(row.shape(), DType::f32, workshop_->memory());
  const Tensor of_sums(row.shape(), DType::f32, workshop_->memory());
  workshop_->clear(elements_of(lost));
  workshop_->clear(elements_of(of_sums));
  if (codec_)
    two_phase_sum(group, *codec_, elements_of(row), {elements_of(lost), elements_of(of_sums)}, key,
                  *workshop_);
  else
    Carrier(group, *workshop_).sum(row);
  workshop_->add(elements_of(lost), elements_of(of_sums));
  return lost;
}
// [/add_up]

// [turn]
Piece PowerSgd::in_turn(const Piece& matrix, int64_t step) const {
  if (options_.turn == 0) return {};
  const int64_t now = step % options_.turn;
  const int64_t from = matrix.rows * now / options_.turn, to = matrix.rows * (now + 1) / options_.turn;
  return {matrix.from + from * matrix.columns, (to - from) * matrix.columns, to - from, matrix.columns};
}

void PowerSgd::sum(Communicator& group, size_t bucket, int64_t step) {
  SumKey key{options_.seed, step, (2 * static_cast<size_t>(options_.iterations) + 1) * bucket};
  std::vector<Piece> whole = whole_[bucket];
  for (const Piece& piece : whole)  // gradient + residual, where the residual lies
    workshop_->add(elements_of(residual_, piece), elements_of(gradients_, piece));
  for (const Matrix& m : matrices_[bucket]) {
    workshop_->add(elements_of(residual_, m.piece), elements_of(gradients_, m.piece));
    if (const Piece turn = in_turn(m.piece, step); turn.elements > 0) whole.push_back(turn);
  }

  const Tensor row = pack(*workshop_, whole, residual_);
  const Tensor left = row.defined() ? add_up(group, row, key) : Tensor();
  for (const Piece& piece : whole) workshop_->clear(elements_of(residual_, piece));
  if (!matrices_[bucket].empty()) sum_matrices(group, matrices_[bucket], key);
  if (row.defined()) {
    unpack(*workshop_, whole, row, gradients_);
    unpack(*workshop_, whole, left, residual_);
  }
  workshop_->finish();
}
// [/turn]

// [power_sgd]
void PowerSgd::sum_matrices(Communicator& group, const std::vector<Matrix>& matrices, SumKey key) {
  const int64_t rank = options_.rank;
  const Tensor ps({matrices.back().p_sent.to}, DType::f32, workshop_->memory());
  const Tensor qs({matrices.back().q_sent.to}, DType::f32, workshop_->memory());
  Tensor mine;
  for (int64_t i = 0; i < options_.iterations; ++i) {
    for (const Matrix& m : matrices)  // P = M·Q
      thin_->multiply(elements_of(ps, m.p_sent), elements_of(residual_, m.piece), elements_of(q_, m.q), rank);
    ++key.bucket;
    add_up(group, ps, key);

    for (const Matrix& m : matrices) {  // P with orthonormal columns; Q = Mᵀ·P
      const std::span<float> p = elements_of(ps, m.p_sent);
      thin_->orthonormalise(p, rank);
      thin_->multiply_across(elements_of(qs, m.q_sent), elements_of(residual_, m.piece), p, rank);
    }
    mine = qs.clone();
    ++key.bucket;
    const Tensor lost = add_up(group, qs, key);
    workshop_->subtract(elements_of(mine), elements_of(lost));
    for (const Matrix& m : matrices)  // the next iteration begins here; a 0 would stay 0 forever
      thin_->copy_unless_zero(elements_of(q_, m.q), elements_of(qs, m.q_sent), rank);
  }

  for (const Matrix& m : matrices) {  // the sum of all ranks' M is nearly P·Qᵀ; residual = M - P·Qᵀ
    const std::span<float> sum = elements_of(gradients_, m.piece), p = elements_of(ps, m.p_sent);
    thin_->add_product(elements_of(residual_, m.piece), -1.0f, p, elements_of(mine, m.q_sent), rank);
    workshop_->clear(sum);
    thin_->add_product(sum, 1.0f, p, elements_of(qs, m.q_sent), rank);
  }
}
// [/power_sgd]

std::vector<StateRow> PowerSgd::state() {
  return {{"residual", StateRow::Kind::parts, residual_}, {"q", StateRow::Kind::common, q_}};
}

}  // namespace gpt
