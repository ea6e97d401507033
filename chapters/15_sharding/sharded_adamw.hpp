#pragma once
// AdamW for what one rank owns.

#include <vector>

#include "05_gpt/backend.hpp"
#include "15_sharding/partition.hpp"

namespace gpt {

/// The memory of AdamW for one rank's parts of the arena, one part after the other, and a step of it. Element
/// by element it computes what an AdamW over the whole arena does.
class ShardedAdamW {
 public:
  /// A run of owned elements that agree on weight decay.
  struct Piece {
    Part part;       ///< in the arena
    int64_t at = 0;  ///< of its first element in m() and v()
    bool decay = false;
  };

  /// Store and backend outlive it. The memory is set to zeros; it lies in paged_zeros().
  ShardedAdamW(const ParameterStore& store, Backend& backend, const Partition& partition, int rank);

  /// Improves the rank's parts from their gradients; their bf16 copy, where there is one, is written in the
  /// same pass.
  void step(const AdamWStep& step) const;

  const Tensor& m() const { return m_; }  ///< (partition.owned(rank)) means of the gradients
  const Tensor& v() const { return v_; }  ///< (partition.owned(rank)) means of their squares
  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  const ParameterStore* store_;
  Backend* backend_;
  std::vector<Piece> pieces_;
  Tensor m_, v_;
};

}  // namespace gpt
