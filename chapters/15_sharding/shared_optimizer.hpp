#pragma once
// AdamW for a model that is shared out to ranks.

#include "15_sharding/tensor_sharing.hpp"

namespace gpt {

/// The length of the whole model's gradient, of which each rank has the `gradients` of its shares, laid out
/// as the arena: each parameter counts once. `stages`: the ranks that hold the other layers, if any. The same
/// on all ranks that share the model, and collective among them.
double shared_gradient_norm(const Gpt& model, const TensorSharing& sharing, Communicator* stages = nullptr);

/// AdamW over a rank's part of a model: each rank keeps the moments of its shares alone.
class SharedOptimizer {
 public:
  /// Model and sharing outlive it. `stages`: the ranks that hold the other layers, if any.
  SharedOptimizer(Gpt& model, const TensorSharing& sharing, Communicator* stages = nullptr);

  /// Clips the gradients to `max_norm` (0: not at all) and improves the parameters. `step.gradient_scale` is
  /// taken for the clipping. Returns the global norm before. Collective.
  double step(AdamWStep step, double max_norm);

  const Tensor& m() const { return m_; }
  const Tensor& v() const { return v_; }

 private:
  Gpt& model_;
  const TensorSharing& sharing_;
  Communicator* stages_;
  Tensor m_, v_;
};

}  // namespace gpt
