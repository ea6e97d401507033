#pragma once
// Forward and backward passes whose orders the device keeps.

#include <map>
#include <memory>
#include <tuple>

#include "05_gpt/gpt.hpp"

namespace gpt {

/// The training passes of a model over micro-batches of the same few shapes. The first one of a shape is done
/// as ever, and then captured; from then on the host writes the batch where the first one was, and the device
/// is told "again". No code of the host runs in between: not the ready hooks of the gradients, and not what
/// chooses a number for a kernel. So each (shape, scale) has a list of its own, and there is no dropout.
///
/// Each list keeps the memory of its activations: what other tensors take comes on top.
class GraphedPasses {
 public:
  /// The model outlives it. Throws UserError for one with dropout, and on a device that keeps no orders.
  explicit GraphedPasses(Gpt& model);

  /// As model.loss(tokens, targets, scale, {.training = true}) and its backward(): the gradients are added to
  /// those of the model. Returns the loss. tokens, targets: (B, T) i32 of the host.
  double run(const Tensor& tokens, const Tensor& targets, double scale);

  /// How many orders the lists hold together.
  int64_t orders() const;

 private:
  struct Pass {
    Tensor tokens, targets, loss;  // where the orders find and leave them
    std::unique_ptr<OrderList> orders;
  };
  void now(Pass& pass, double scale);

  Gpt& model_;
  std::map<std::tuple<int64_t, int64_t, double>, Pass> passes_;  // by B, T and scale
};

}  // namespace gpt
