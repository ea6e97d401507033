#include "13_compression/sparse_momentum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "13_compression/carrier.hpp"

namespace gpt {

namespace {

/// Positions and values, one row of a message each.
struct Pairs {
  std::span<int32_t> positions;
  std::span<float> values;
  explicit Pairs(const Tensor& message) {
    const auto count = static_cast<size_t>(message.elements() / 2);
    positions = {reinterpret_cast<int32_t*>(message.address()), count};
    values = {reinterpret_cast<float*>(message.address()) + count, count};
  }
};

}  // namespace

void SparseMomentum::arrange(const ParameterStore& parameters, const BucketPlan& plan,
                             const Tensor& gradients) {
  GPT_CHECK(gradients.elements() <= std::numeric_limits<int32_t>::max(), "positions are sent in 32 bits");
  MomentumCompression::arrange(parameters, plan, gradients);
  matrices_.assign(plan.buckets.size(), {});
  vectors_.assign(plan.buckets.size(), {});
  const auto pieces = pieces_by_bucket(parameters, plan);
  for (size_t b = 0; b < pieces.size(); ++b)
    for (const Piece& piece : pieces[b]) (piece.rows > 0 ? matrices_ : vectors_)[b].push_back(piece);
}

double SparseMomentum::ratio(int64_t step) const {
  constexpr double first = 0.25;
  if (ratio_ >= first || options_.warmup == 0) return ratio_;
  const double done = static_cast<double>(step - options_.warmup) / static_cast<double>(options_.warmup);
  return first * std::pow(ratio_ / first, std::clamp(done, 0.0, 1.0));
}

int64_t SparseMomentum::count(int64_t n, int64_t step) const {
  return std::clamp<int64_t>(std::llround(ratio(step) * static_cast<double>(n)), 1, n);
}

void SparseMomentum::sum(Communicator& group, size_t bucket, int64_t step) {
  for (const auto* pieces : {&vectors_[bucket], &matrices_[bucket]})
    for (const Piece& piece : *pieces) advance(piece.from, piece.from + piece.elements);
  Carrier carrier(group, *workshop_);
  sum_whole(carrier, *workshop_, vectors_[bucket], momentum_, gradients_);
  const std::vector<Piece>& matrices = matrices_[bucket];
  for (const Piece& piece : matrices) {
    workshop_->add(elements_of(residual_, piece), elements_of(momentum_, piece));
    workshop_->clear(elements_of(gradients_, piece));
  }
  if (!matrices.empty()) {
    if (choice_ == Choice::top_k)
      sum_largest(carrier, matrices, step);
    else
      sum_random(carrier, matrices, step);
  }
  workshop_->finish();
}

// [top_k]
void SparseMomentum::sum_largest(Carrier& carrier, const std::vector<Piece>& pieces, int64_t step) {
  int64_t total = 0;
  for (const Piece& piece : pieces) total += count(piece.elements, step);
  const Tensor mine({2, total}, DType::i32, workshop_->memory());
  const Tensor all({carrier.ranks(), 2, total}, DType::i32, workshop_->memory());
  const Pairs sent(mine);
  size_t next = 0;
  for (const Piece& piece : pieces) {
    const auto k = static_cast<size_t>(count(piece.elements, step));
    workshop_->largest(sent.positions.subspan(next, k), elements_of(residual_, piece), piece.from);
    next += k;
  }
  workshop_->take(sent.values, elements_of(residual_), sent.positions);
  carrier.all_gather(all, mine);
  for (int rank = 0; rank < carrier.ranks(); ++rank) {  // in order of rank: the same bits everywhere
    const Pairs theirs(all.select(0, rank));
    workshop_->add_at(elements_of(gradients_), theirs.positions, theirs.values);
  }
}
// [/top_k]

// [random_k]
void SparseMomentum::sum_random(Carrier& carrier, const std::vector<Piece>& pieces, int64_t step) {
  const RoundingKey key = rounding_key(seed_, static_cast<uint64_t>(step), 0);
  int64_t total = 0;
  for (const Piece& piece : pieces) total += count(piece.elements, step);
  const Tensor chosen({total}, DType::i32, workshop_->memory());
  const Tensor numbers({total}, DType::f32, workshop_->memory());
  const std::span<int32_t> positions(reinterpret_cast<int32_t*>(chosen.address()),
                                     static_cast<size_t>(total));
  size_t next = 0;
  for (const Piece& piece : pieces) {
    const auto k = static_cast<size_t>(count(piece.elements, step));
    workshop_->draw(positions.subspan(next, k), piece.from, piece.elements, key);
    next += k;
  }
  workshop_->take(elements_of(numbers), elements_of(residual_), positions);
  carrier.sum(numbers);
  workshop_->add_at(elements_of(gradients_), positions, elements_of(numbers));
}
// [/random_k]

}  // namespace gpt
