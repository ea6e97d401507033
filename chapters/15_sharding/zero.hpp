#pragma once
// ZeRO: data parallelism in which every rank keeps a share of what all would keep alike.

#include <memory>

#include "05_gpt/gpt.hpp"
#include "11_ddp/reducer.hpp"
#include "15_sharding/layer_gatherer.hpp"
#include "15_sharding/sharded_adamw.hpp"

namespace gpt {

/// The buffers of a model that Zero trains, for the constructor of Gpt; nullptr for stage 0. They are private
/// to the rank, because pages are given back one by one.
MakeBuffer zero_buffers(int stage);

// [zero]
/// What a stage keeps of the parameters, the gradients and the moments of Adam on each rank (Rajbhandari and
/// others, 2020):
///
///     stage   parameters   gradients   moments
///     1       all          all         a share
///     2       all          a share     a share
///     3       a share      a share     a share
///
/// A step, on all ranks alike, with a DataParallel that was given buckets() and make_reducer():
///     clear_gradients()
///     for every micro-batch: prepare; forward; backward; end_pass(), or without rows empty_pass() alone
///     finish(); gradient_norm(); step()
class Zero {
 public:
  /// The model has buffers of zero_buffers(stage) on the host, and like the communicator it outlives this.
  /// Parameters are the same on all ranks; with stage 3 call give_back_parameters() then. Collective.
  Zero(int stage, Gpt& model, Communicator& communicator, int64_t alignment = Partition::page);

  int stage() const { return stage_; }
  const Partition& partition() const { return partition_; }
  std::vector<int64_t> buckets() const { return layer_ends(model_.parameters()); }
  /// Collective.
  std::unique_ptr<GradientReducer> make_reducer() const;

  void clear_gradients() const;
  void end_pass();
  void empty_pass();
  /// The length of the whole gradient, the same on all ranks. Collective.
  double gradient_norm() const;
  /// AdamW on the own share; up to stage 2 all ranks then get all parameters. Collective.
  void step(const AdamWStep& step) const;

  /// Stage 3: all parameters are there between these two, to be evaluated or saved. Nothing to do in the
  /// other stages. Collective, the second one not.
  void gather_parameters();
  void give_back_parameters();

  /// Stage 3: what was fetched ahead has arrived. For those who measure.
  void await_fetched();

  ShardedAdamW& optimizer() { return optimizer_; }
  const ShardedAdamW& optimizer() const { return optimizer_; }

 private:
  int stage_;
  Gpt& model_;
  Communicator& communicator_;
  Partition partition_;
  ShardedAdamW optimizer_;
  std::unique_ptr<LayerGatherer> gatherer_;  // stage 3
};
// [/zero]

}  // namespace gpt
