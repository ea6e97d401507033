#include "13_compression/sparse_momentum.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace gpt {

// [largest]
std::vector<int32_t> largest(std::span<const float> x, int64_t k) {
  // As bits, sizes are ordered as the numbers are.
  const auto size = [](float v) { return std::bit_cast<uint32_t>(v) & 0x7fffffff; };
  std::vector<uint32_t> sizes(x.size());
  std::ranges::transform(x, sizes.begin(), size);
  std::ranges::nth_element(sizes, sizes.begin() + (k - 1), std::greater());
  const uint32_t smallest = sizes[static_cast<size_t>(k - 1)];
  int64_t equal =
      k - std::count_if(sizes.begin(), sizes.begin() + (k - 1), [&](uint32_t s) { return s > smallest; });
  std::vector<int32_t> positions;
  for (size_t i = 0; i < x.size(); ++i)
    if (size(x[i]) > smallest || (size(x[i]) == smallest && equal-- > 0))
      positions.push_back(static_cast<int32_t>(i));
  return positions;
}
// [/largest]

std::vector<int32_t> one_of_each_part(int64_t n, int64_t k, const RandomStream& random, uint64_t first) {
  std::vector<int32_t> positions;
  for (int64_t part = 0; part < k; ++part) {
    const int64_t begin = n * part / k, end = n * (part + 1) / k;
    const auto offset = random.below(first + static_cast<uint64_t>(part), static_cast<uint64_t>(end - begin));
    positions.push_back(static_cast<int32_t>(begin + static_cast<int64_t>(offset)));
  }
  return positions;
}

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
  sum_whole(group, vectors_[bucket], momentum_, gradients_);
  const std::vector<Piece>& matrices = matrices_[bucket];
  for (const Piece& piece : matrices) {
    float *u = momentum_.data<float>() + piece.from, *r = residual_.data<float>() + piece.from;
    for (int64_t i = 0; i < piece.elements; ++i) r[i] += u[i];
    std::fill_n(gradients_.data<float>() + piece.from, piece.elements, 0.0f);
  }
  if (matrices.empty()) return;
  if (choice_ == Choice::top_k)
    sum_largest(group, matrices, step);
  else
    sum_random(group, matrices, step);
}

// [top_k]
void SparseMomentum::sum_largest(Communicator& group, const std::vector<Piece>& pieces, int64_t step) {
  float *g = gradients_.data<float>(), *r = residual_.data<float>();
  int64_t total = 0;
  for (const Piece& piece : pieces) total += count(piece.elements, step);
  const Tensor mine({2, total}, DType::i32), all({group.size(), 2, total}, DType::i32);
  int32_t *position = mine.data<int32_t>(), *value = position + total;
  for (const Piece& piece : pieces)
    for (const int32_t i :
         largest({r + piece.from, static_cast<size_t>(piece.elements)}, count(piece.elements, step))) {
      const int64_t at = piece.from + i;
      *position++ = static_cast<int32_t>(at);
      *value++ = std::bit_cast<int32_t>(r[at]);
      r[at] = 0;
    }
  group.all_gather(all, mine);
  for (int rank = 0; rank < group.size(); ++rank) {  // in order of rank: the same bits everywhere
    position = all.select(0, rank).data<int32_t>();
    for (int64_t i = 0; i < total; ++i) g[position[i]] += std::bit_cast<float>(position[total + i]);
  }
}
// [/top_k]

// [random_k]
void SparseMomentum::sum_random(Communicator& group, const std::vector<Piece>& pieces, int64_t step) {
  float *g = gradients_.data<float>(), *r = residual_.data<float>();
  const RandomStream random(seed_, RandomUse::rounding, static_cast<uint64_t>(step));
  std::vector<int64_t> positions;
  for (const Piece& piece : pieces)
    for (const int32_t i : one_of_each_part(piece.elements, count(piece.elements, step), random,
                                            static_cast<uint64_t>(piece.from)))
      positions.push_back(piece.from + i);
  const Tensor values({static_cast<int64_t>(positions.size())});
  for (size_t i = 0; i < positions.size(); ++i) {
    values.data<float>()[i] = r[positions[i]];
    r[positions[i]] = 0;
  }
  group.all_reduce(values, ReduceOp::sum);
  for (size_t i = 0; i < positions.size(); ++i) g[positions[i]] = values.data<float>()[i];
}
// [/random_k]

}  // namespace gpt
