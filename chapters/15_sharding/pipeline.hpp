#pragma once
// A GPT whose layers lie on several ranks, one after the other.

#include <map>
#include <vector>

#include "15_sharding/pipeline_schedule.hpp"
#include "15_sharding/tensor_sharing.hpp"

namespace gpt {

/// The layers of a stage: as even as they go. Throws UserError when there are more stages than layers.
Span layers_of_stage(const GptConfig& config, int stage, int stages);

/// Runs one stage of a pipeline: the part of the model that has the layers of this rank of `stages`.
class Pipeline {
 public:
  /// All three outlive it. `sharing` is that of the model, and rank r of `stages` has the layers of stage r.
  /// Collective.
  Pipeline(Gpt& model, const TensorSharing& sharing, Communicator& stages,
           PipelineOrder order = one_forward_one_backward);

  /// Forward and backward pass of a batch in micro-batches of equally many rows. tokens and targets: (B, T)
  /// i32, the same on all stages, B a multiple of `micro_batches`; the first stage reads the tokens, the last
  /// one the targets. Gradients are added to those in the arena; those of the token table are then the same
  /// on the first and the last stage. Returns the loss, on all ranks. Collective.
  double run(const Tensor& tokens, const Tensor& targets, int micro_batches, double scale, const Pass& pass);

  /// The most micro-batches whose activations this stage held at a time in the last run().
  int most_held() const { return most_held_; }

 private:
  struct Batch;
  void follow(const Instruction& instruction, Batch& batch);
  void forward(int m, Batch& batch);
  void backward(int m, Batch& batch);

  Gpt& model_;
  const TensorSharing& sharing_;
  Communicator& stages_;
  PipelineOrder order_;
  std::unique_ptr<Communicator> ends_;  // the first and the last stage, which both have the token table
  int most_held_ = 0;
};

}  // namespace gpt
