#pragma once
// Training one model on many ranks: every rank computes the gradients of its part of the batch, and all add
// them up while the backward pass still runs.

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "09_averaging/communicator.hpp"
#include "11_ddp/bucket.hpp"
#include "11_ddp/reducer.hpp"
#include "11_ddp/tree.hpp"

namespace gpt {

struct DataParallelOptions {
  int64_t bucket_bytes = 4 << 20;
  bool overlap = true;  ///< start a bucket's all-reduce during the backward pass; false: all in finish()
  /// More than 0: every step's sum is taken in one binary tree over so many micro-batches, in order of rank
  /// (tree.hpp). Then the result does not depend on the number of ranks, bit for bit, if the micro-batches
  /// do not. A power of two, and so is the number of ranks, which is not larger.
  int64_t leaves = 0;
  /// Not empty: where the buckets end, whatever their size (see plan_buckets()).
  std::vector<int64_t> bucket_ends{};
};

/// Keeps the replicas of a model equal: same parameters at the start, same gradients before every step.
///
/// The gradients are summed, not averaged. Each rank computes the gradient of its share of one global loss,
/// Σ loss / (tokens of the global batch), so the sum is the gradient of the mean, whatever part of the batch
/// each rank had: uneven shards and ranks without any sample are right by construction, and nothing is
/// divided twice.
///
/// Order of calls in a step, on all ranks alike:
///     for every micro-batch: prepare(is it the last?); forward; backward once
///     finish()
/// A rank without samples calls prepare(true) and finish() alone. Only the last micro-batch's backward pass
/// communicates: until then the gradients just gather.
///
/// Gradients in the memory of a device take the way through memory of the host: each bucket comes here before
/// its sum begins, and goes back at the end. A reducer that takes the device's tensors spares them that: the
/// plain sum where the communicator goes there (chapter 12). A rank alone leaves them there.
///
/// With `leaves`, every rank announces leaves / size() micro-batches in each step. One without samples is
/// announced like the others, and counts as zeros.
class DataParallel {
 public:
  /// Store and communicator must outlive it. The ready hooks of the parameters belong to it until it is
  /// destroyed. Without a `reducer`, each bucket is one all-reduce, or one sum in the tree with `leaves`.
  /// Collective.
  DataParallel(ParameterStore& parameters, Communicator& communicator, DataParallelOptions options = {},
               std::unique_ptr<GradientReducer> reducer = nullptr);
  ~DataParallel();
  DataParallel(const DataParallel&) = delete;
  DataParallel& operator=(const DataParallel&) = delete;

  /// All ranks get rank 0's parameters; the compute copy is refreshed.
  void broadcast_parameters();

  /// For ranks whose data end at different times: all call it before every step, each with the number of
  /// tokens it has for this step, 0 when its data have run out. Returns the tokens of all ranks, by which
  /// each divides its summed loss; 0 when all have run out, which is the end for all at once. A rank without
  /// tokens still calls prepare(true) and finish() in every step before that: nobody waits for it in vain.
  int64_t begin_step(int64_t my_tokens);

  /// Announces a backward pass. In the last one of a step, each bucket's all-reduce starts as soon as its
  /// gradients are ready and all buckets before it have started: in bucket order, always, because the ranks
  /// would wait for each other forever if two of them started two buckets in different orders.
  void prepare(bool last_micro_batch);

  /// True when the last backward pass of a step must call the ready hooks as it runs. Otherwise finish() does
  /// without them.
  bool overlaps() const { return options_.overlap && communicator_.size() > 1; }

  /// Starts what was not started, in order, and waits for all. Then the gradients are the sums over all
  /// ranks.
  void finish();

  /// Seconds that the last finish() waited: the part of the communication that the backward pass did not
  /// hide.
  double communication_seconds() const { return communication_seconds_; }
  /// When the sum of each bucket ran in the step that the last finish() ended, on this process's clock.
  const std::vector<Interval>& bucket_intervals() const { return bucket_intervals_; }
  /// When each parameter's gradient was final in the last backward pass, by its index in the store; the zero
  /// of the clock where it was not.
  const std::vector<std::chrono::steady_clock::time_point>& ready_times() const { return ready_times_; }
  const BucketPlan& plan() const { return plan_; }
  /// Cuts the buffer anew. Between two steps, on all ranks alike.
  void set_bucket_bytes(int64_t bytes);

  /// Throws Error on all ranks when their parameters are not the same, bit for bit. It names the step, a rank
  /// that differs from most others, and its first parameter that does.
  void check_replicas(int64_t step);

 private:
  void ready(size_t parameter);
  void start_next();
  /// The gradients are somewhere else than where the ranks add them up.
  bool staged() const { return gradients_.storage() != parameters_.gradients().storage(); }

  ParameterStore& parameters_;
  Communicator& communicator_;
  DataParallelOptions options_;
  BucketPlan plan_;
  std::unique_ptr<GradientReducer> reducer_;
  Tensor gradients_;                          // those of the store, or their place on the host
  std::optional<TreeSum> tree_;               // of this rank's micro-batches, with `leaves`
  bool first_ = true;                         // no micro-batch of this step was announced yet
  bool armed_ = false;                        // between prepare(true) and finish()
  std::vector<int> missing_;                  // per bucket: parameters that are not ready yet
  std::vector<bool> seen_;                    // per parameter: ready in this step
  std::vector<std::unique_ptr<Work>> works_;  // of the buckets started so far: 0 … works_.size()-1
  double communication_seconds_ = 0.0;
  std::vector<Interval> bucket_intervals_;
  std::vector<std::chrono::steady_clock::time_point> ready_times_;
};

}  // namespace gpt
