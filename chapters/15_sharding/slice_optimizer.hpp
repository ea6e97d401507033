#pragma once
// AdamW for a model that is split over ranks.

#include <vector>

#include "15_sharding/gpt_slice.hpp"

namespace gpt {

/// The sum of squares of the gradients that this rank answers for. Added up over all ranks that share a model
/// (the group, and the stages) it counts each parameter once: the square of the global norm.
double own_sum_of_squares(const GptSlice& slice, const Tensor& gradients);

/// AdamW over the parameters of a slice: each rank keeps the moments of its shares alone.
class SliceOptimizer {
 public:
  /// The slice outlives it. `stages`: the ranks that hold the other layers, if any.
  explicit SliceOptimizer(GptSlice& slice, Communicator* stages = nullptr);

  /// Clips the gradients to `max_norm` (0: not at all) and improves the parameters. `step.gradient_scale` is
  /// taken for the clipping. Returns the global norm before. Collective.
  double step(AdamWStep step, double max_norm);

  const Tensor& m() const { return m_; }
  const Tensor& v() const { return v_; }

 private:
  GptSlice& slice_;
  Communicator* stages_;
  Tensor m_, v_;
};

}  // namespace gpt
