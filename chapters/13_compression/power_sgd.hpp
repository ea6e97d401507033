#pragma once
// Matrices as products of two thin ones.

#include "13_compression/compression.hpp"
#include "13_compression/pieces.hpp"

namespace gpt {

/// PowerSGD (Vogels, Karimireddy and Jaggi, 2019): a matrix M (n, m) of gradients is nearly P·Qᵀ with P
/// (n, r) and Q (m, r). One step of the power iteration, begun where the last step of training ended, finds
/// such a pair, and it is linear in M: so sums over the ranks of P and of Q, by all-reduce, are those of the
/// sum of all M. What P·Qᵀ misses, each rank adds the next time. Vectors, and matrices for which this would
/// not halve the bytes, go whole.
class PowerSgd final : public Compression {
 public:
  PowerSgd(int64_t rank, uint64_t seed, int64_t warmup) : rank_(rank), seed_(seed), warmup_(warmup) {}
  void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) override;
  void sum(Communicator& group, size_t bucket, int64_t step) override;
  int64_t warmup() const override { return warmup_; }
  std::vector<StateRow> state() override;

 private:
  struct Matrix {
    Piece piece;
    int64_t q = 0;  // where its Q begins in q_
  };
  int64_t rank_;
  uint64_t seed_;
  int64_t warmup_;
  std::vector<std::vector<Matrix>> matrices_;  // by bucket
  std::vector<std::vector<Piece>> whole_;      // by bucket
  Tensor gradients_;
  Tensor residual_;
  Tensor q_;  // Qᵀ (r, m) of each matrix, the same on all ranks
};

/// Makes the r rows of `p` (r, n) orthonormal, by Gram and Schmidt's method, twice over each row, since once
/// leaves a rest where rows are nearly dependent. A row that depends on those before becomes 0.
void orthonormalise(std::span<float> p, int64_t r);

}  // namespace gpt
