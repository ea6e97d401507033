#pragma once
// One step of data-parallel training: the whole book in forty lines.

#include <memory>

#include "03_optimizers/schedule.hpp"
#include "04_text/data_loader.hpp"
#include "08_gpu_training/graphed_passes.hpp"
#include "11_ddp/data_parallel.hpp"
#include "11_ddp/hidden.hpp"
#include "11_ddp/replicas.hpp"
#include "13_compression/compressing_reducer.hpp"
#include "13_compression/wire_counter.hpp"
#include "15_sharding/tensor_sharing.hpp"
#include "15_sharding/zero.hpp"
#include "16_trainer/adamw.hpp"
#include "16_trainer/config.hpp"
#include "16_trainer/rank_groups.hpp"
#include "common/trace.hpp"

namespace gpt {

/// What the ranks tell each other with every step.
enum class Wish { go_on, stop, give_up };

/// What one step was. All ranks see the same, the times apart.
struct StepResult {
  double loss = 0;       ///< mean over the global batch, before the step
  double grad_norm = 0;  ///< global norm of the averaged gradient, before clipping; with --local-sgd the
                         ///< mean of the ranks' own norms
  double lr = 0;
  double seconds = 0;
  double communication_seconds = 0;  ///< spent waiting for gradients of other ranks
  Hiding communication;              ///< of this rank's buckets behind its last backward pass
  int64_t sent_bytes = 0;            ///< by this rank, as WireCounter counts (chapter 13)
  Wish wish = Wish::go_on;           ///< the strongest of all ranks' wishes
  bool finite() const;  ///< loss and gradient are numbers; where not, the parameters were left alone
};

/// A model in training: every rank has one, and all of them hold the same parameters.
class Trainer {
 public:
  /// Backend, communicator and trace outlive the trainer. Collective: the ranks start from rank 0's
  /// parameters. The trace hears of every part of a step.
  Trainer(const TrainConfig& config, const GptConfig& shape, Backend& backend, Communicator& communicator,
          Trace& trace);

  /// Step `number` (counted from 0): this rank's share of global batch `number`, forward and backward, the
  /// average over all ranks, clipping, AdamW. Collective.
  StepResult step(const DataLoader& data, int64_t number, Wish wish = Wish::go_on);

  /// The steps from `number` on after which the ranks hold the same parameters again: one, or with
  /// --local-sgd all up to the next averaging or the end of the run. After a step with a number that is none
  /// they end with that, and the ranks have not met. Collective.
  std::vector<StepResult> round(const DataLoader& data, int64_t number, Wish wish = Wish::go_on);

  /// With --servers, for a worker: the gradient of its share of global batch `number`, clipped by its own
  /// norm, and so scaled that the mean over `workers` is that of all rows. Changes no parameter.
  StepResult gradient(const DataLoader& data, int64_t number, int workers);

  /// The size of buckets with which the sums of a step would be there first, by the times of two backward
  /// passes on a part of batch 0 and of some all-reduces. It changes nothing but the gradients, which each
  /// step sets to zero. Collective: all ranks get rank 0's answer.
  int64_t measure_bucket_bytes(const DataLoader& data);
  void set_bucket_bytes(int64_t bytes) { parallel_.set_bucket_bytes(bytes); }

  Gpt& model() { return model_; }
  /// That of a run without --zero.
  AdamW& optimizer() {
    GPT_CHECK(optimizer_ != nullptr, "with --zero and --servers a rank has shares of an optimizer");
    return *optimizer_;
  }
  /// nullptr without --zero.
  Zero* zero() { return zero_.get(); }
  const RankGroups& groups() const { return groups_; }
  /// What this rank has of its model; nullptr without --tp.
  const TensorSharing* sharing() const { return sharing_.get(); }
  /// With --local-sgd every rank has moments of its own.
  bool local_moments() const { return config_.local_sgd > 0; }
  int64_t moment_bytes() const;
  const BucketPlan& plan() const { return parallel_.plan(); }
  /// For a compression that finds nothing of its own in a checkpoint of `step` steps, because one rank went
  /// on for a while alone: where it would deliver momentum already, it begins with Adam's.
  void continue_momentum(int64_t step);
  /// nullptr for plain sums.
  Compression* compression() const { return compressing_ ? &compressing_->compression() : nullptr; }
  /// Throws Error on all ranks, which names a rank and a parameter, when the models are not the same any
  /// more. Collective.
  void check_replicas(int64_t step);

 private:
  double forward_backward(const DataLoader& data, int64_t number);
  void backward(const Variable& loss);
  /// Both passes over a micro-batch, by orders that the device keeps. Returns the loss.
  double graphed(const Batch& batch, double scale);
  void average_gradients(int64_t number);
  DataParallelOptions parallel_options() const;
  void clear_gradients();
  double gradient_norm() const;
  /// As --compress and --zero say; the former in compressing_ too. nullptr for the plain sum.
  std::unique_ptr<GradientReducer> make_reducer();
  void begin_compression(int64_t number);
  /// The sums of this step are not gradients but Adam's momentum.
  bool momentum_delivered(int64_t number) const;
  /// AdamW's numbers for this step.
  AdamWStep numbers_of(const StepResult& result, int64_t number) const;

  TrainConfig config_;
  Communicator& communicator_;
  RankGroups groups_;
  std::shared_ptr<WireCounter> sent_ = std::make_shared<WireCounter>();
  CountingCommunicator counted_;  // those who divide the batch: what the gradients take
  std::unique_ptr<CountingCommunicator> counted_model_;  // with --tp, those who share a model: what it takes
  std::shared_ptr<const TensorSharing> sharing_;
  Trace& trace_;
  Gpt model_;
  std::unique_ptr<Zero> zero_;                 // with --zero …
  std::unique_ptr<AdamW> optimizer_;           // … and without
  CompressingReducer* compressing_ = nullptr;  // parallel_'s
  std::unique_ptr<Communicator> alone_;  // with --local-sgd or --servers: what adds up a rank's own gradients
  DataParallel parallel_;
  Interval backward_;  // when the last backward pass of the step ran
  Schedule schedule_;
  std::unique_ptr<GraphedPasses> graphs_;  // with --cuda-graph
};

/// The rows of a global batch of `batch` rows that a rank computes, one part after the other. With
/// --reproducible, leaves / ranks parts that do not depend on the number of ranks, some of which may be
/// empty; else the rank's share in parts of at most --micro-batch, and at least one part; with --zero 3 as
/// many parts as any other rank has.
std::vector<Share> micro_batches(const TrainConfig& config, int64_t batch, int rank, int ranks);

/// The schedule that a configuration names.
Schedule make_schedule(const TrainConfig& config);

}  // namespace gpt
