#pragma once
// Matrices as products of two thin ones.

#include "13_compression/compression.hpp"
#include "13_compression/pieces.hpp"
#include "13_compression/two_phase.hpp"

namespace gpt {

/// PowerSGD (Vogels, Karimireddy and Jaggi, 2019): a matrix M (n, m) of gradients is nearly P·Qᵀ with P
/// (n, r) and Q (m, r). One step of the power iteration, begun where the last step of training ended, finds
/// such a pair, and it is linear in M: so sums over the ranks of P and of Q are those of the sum of all M.
/// What P·Qᵀ misses, each rank adds the next time, but not forever: in turn, each row goes whole. Vectors,
/// and matrices for which this would not halve the numbers, go whole always.
class PowerSgd final : public Compression {
 public:
  struct Options {
    int64_t rank = 4;
    uint64_t seed = 0;
    int64_t warmup = 0;
    int64_t iterations = 1;  ///< of the power iteration in each step
    int64_t turn = 0;        ///< in so many steps each row goes whole once; 0: never
  };
  /// `code` is what P, Q and rows travel in, a name of Workshop::codec(); "": f32.
  PowerSgd(const Options& options, std::string code) : options_(options), code_(std::move(code)) {}
  bool takes(Device device) const override { return has_workshop(device); }
  void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) override;
  std::function<void()> mark() const override { return workshop_->mark(); }
  void sum(Communicator& group, size_t bucket, int64_t step) override;
  int64_t warmup() const override { return options_.warmup; }
  std::vector<StateRow> state() override;

 private:
  struct Matrix {
    Piece piece;
    Bucket q;               // where its Qᵀ lies in q_
    Bucket p_sent, q_sent;  // where its Pᵀ and Qᵀ lie among those of its bucket that travel
  };
  /// `row` becomes the sum over the ranks; returned is what this rank's encodings have lost of it.
  Tensor add_up(Communicator& group, const Tensor& row, const SumKey& key) const;
  /// The rows of a matrix whose turn it is.
  Piece in_turn(const Piece& matrix, int64_t step) const;

  /// The same for what is left in the residual of these matrices, by P·Qᵀ.
  void sum_matrices(Communicator& group, const std::vector<Matrix>& matrices, SumKey key);

  Options options_;
  std::string code_;
  std::vector<std::vector<Matrix>> matrices_;  // by bucket
  std::vector<std::vector<Piece>> whole_;      // by bucket
  std::unique_ptr<Workshop> workshop_;         // where the gradients are
  std::unique_ptr<ThinMatrices> thin_;
  std::unique_ptr<Codec> codec_;
  Tensor gradients_;
  Tensor residual_;
  Tensor q_;  // Qᵀ (r, m) of each matrix, the same on all ranks
};

}  // namespace gpt
