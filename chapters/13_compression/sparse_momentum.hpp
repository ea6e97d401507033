#pragma once
// A few numbers of many.

#include "13_compression/momentum.hpp"
#include "13_compression/pieces.hpp"

namespace gpt {

class Carrier;

/// Sends a part of the numbers, and keeps what it did not send until it is. Matrices alone: tensors of rank 1
/// are small, and go whole.
///
/// top_k: of each matrix the largest, chosen by each rank for itself, as pairs of position and value (Deep
/// Gradient Compression: Lin and others, 2018). There, what was sent leaves the momentum, too; here it stays,
/// because Adam's momentum is a mean: a number that is sent at once would have given a tenth of its due.
/// random_k: numbers drawn from the seed, the same on all ranks; so no positions are sent, and one all-reduce
/// does.
class SparseMomentum final : public MomentumCompression {
 public:
  enum class Choice { top_k, random_k };
  /// `ratio`: the part that is sent, in (0, 1]. It is reached in another `warmup` steps after the first
  /// ones, from a quarter on.
  SparseMomentum(Choice choice, double ratio, uint64_t seed, const Options& options)
      : MomentumCompression(options), choice_(choice), ratio_(ratio), seed_(seed) {}
  void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) override;
  void sum(Communicator& group, size_t bucket, int64_t step) override;

  /// The part that is sent in a step.
  double ratio(int64_t step) const;
  /// How many of n numbers that is: at least one.
  int64_t count(int64_t n, int64_t step) const;

 private:
  void sum_largest(Carrier& carrier, const std::vector<Piece>& pieces, int64_t step);
  void sum_random(Carrier& carrier, const std::vector<Piece>& pieces, int64_t step);

  Choice choice_;
  double ratio_;
  uint64_t seed_;
  std::vector<std::vector<Piece>> matrices_, vectors_;  // by bucket
};

}  // namespace gpt
