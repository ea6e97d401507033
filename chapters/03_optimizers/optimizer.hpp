#pragma once
// From gradients to better parameters: one pass over one buffer.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "03_optimizers/parameter_store.hpp"

namespace gpt {

/// A tensor with a name, as checkpoints hold it.
struct NamedTensor {
  std::string name;
  Tensor value;
};

/// The numbers that optimizers can be given; each uses those that its formula names.
struct OptimizerOptions {
  double momentum = 0.9;      ///< how much of the last velocity stays
  double decay_rate = 0.99;   ///< RMSProp: how much of the old mean square stays
  double beta1 = 0.9;         ///< Adam: how much of the old mean stays
  double beta2 = 0.999;       ///< Adam: how much of the old mean square stays
  double epsilon = 1e-8;      ///< keeps divisions finite; stands outside the square root, as in PyTorch
  double weight_decay = 0.0;  ///< Adam adds weight_decay · x to the gradient, AdamW shrinks x by it
};

/// Improves the parameters of one store. What it remembers from step to step are flat buffers parallel to the
/// store's: element i belongs to parameter element i, so they can be cut, sent and saved in the same way.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual std::string_view name() const = 0;

  /// One update of all parameters from their gradients, at the rate that a schedule gives for this step. The
  /// gradients are left as they are; the store's compute copy is refreshed.
  void step(double learning_rate);

  /// The buffers, each (store.size()) of the store's value type. They are handles: a checkpoint is loaded by
  /// copying into them and calling set_steps().
  const std::vector<NamedTensor>& state() const { return state_; }
  int64_t steps() const { return steps_; }  ///< how many steps were taken
  void set_steps(int64_t steps) { steps_ = steps; }

 protected:
  /// Makes a buffer of zeros for each name. The store must be allocated and outlive the optimizer.
  Optimizer(const ParameterStore& store, const OptimizerOptions& options,
            const std::vector<std::string>& state_names);

  /// One parameter's part of all buffers, as vectors.
  struct Slice {
    Tensor x, g;                ///< value and gradient
    std::vector<Tensor> state;  ///< as in state()
    bool decay;                 ///< does weight decay apply?
  };
  /// Updates one slice; steps() already counts this step.
  virtual void update(const Slice& slice, double learning_rate) const = 0;

  const OptimizerOptions& options() const { return options_; }

 private:
  const ParameterStore& store_;
  OptimizerOptions options_;
  std::vector<NamedTensor> state_;
  int64_t steps_ = 0;
};

/// "gd", "momentum", "rmsprop", "adam" or "adamw". Throws UserError for another name.
std::unique_ptr<Optimizer> make_optimizer(std::string_view name, const ParameterStore& store,
                                          const OptimizerOptions& options = {});
/// The names, simplest first.
const std::vector<std::string>& optimizer_names();

}  // namespace gpt
