#pragma once
// Matrices as products of two thin ones.

#include "13_compression/compression.hpp"
#include "13_compression/pieces.hpp"
#include "13_compression/two_phase.hpp"

namespace gpt {

/// PowerSGD (Vogels, Karimireddy and Jaggi, 2019): a matrix M (n, m) of gradients is nearly P·Qᵀ with P
/// (n, r) and Q (m, r). One step of the power iteration, begun where the last step of training ended, finds
/// such a pair, and it is linear in M: so sums over the ranks of P and of Q are those of the sum of all M.
/// What P·Qᵀ misses, each rank adds the next time. Vectors, and matrices for which this would not halve the
/// numbers, go whole.
class PowerSgd final : public Compression {
 public:
  struct Options {
    int64_t rank = 4;
    uint64_t seed = 0;
    int64_t warmup = 0;
  };
  /// `codec` is what P and Q travel in; nullptr: f32.
  PowerSgd(const Options& options, std::unique_ptr<Codec> codec)
      : options_(options), codec_(std::move(codec)) {}
  void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) override;
  void sum(Communicator& group, size_t bucket, int64_t step) override;
  int64_t warmup() const override { return options_.warmup; }
  std::vector<StateRow> state() override;

 private:
  struct Matrix {
    Piece piece;
    int64_t q = 0;  // where its Q begins in q_
  };
  /// `row` becomes the sum over the ranks, and `mine`, where defined, this rank's part of what arrived.
  void add_up(Communicator& group, const Tensor& row, const Tensor& mine, const SumKey& key) const;

  Options options_;
  std::unique_ptr<Codec> codec_;
  std::vector<std::vector<Matrix>> matrices_;  // by bucket
  std::vector<std::vector<Piece>> whole_;      // by bucket
  std::unique_ptr<Workshop> workshop_;         // where the gradients are
  Tensor gradients_;
  Tensor residual_;
  Tensor q_;  // Qᵀ (r, m) of each matrix, the same on all ranks
};

/// Makes the r rows of `p` (r, n) orthonormal, by Gram and Schmidt's method, twice over each row, since once
/// leaves a rest where rows are nearly dependent. A row that depends on those before becomes 0.
void orthonormalise(std::span<float> p, int64_t r);

}  // namespace gpt
