#pragma once
// How a bucket of gradients becomes the sum over all ranks.

#include <memory>

#include "11_ddp/background_group.hpp"
#include "11_ddp/bucket.hpp"

namespace gpt {

// [reducer]
/// What DataParallel asks of the network. The plain way is one all-reduce for each bucket; others send fewer
/// bytes, or add in an order of their own.
class GradientReducer {
 public:
  virtual ~GradientReducer() = default;

  /// May the gradients lie in this memory? If not, they are brought to the host, and back.
  virtual bool takes(Device device) const { return device == Device::cpu; }

  /// Says where the buckets lie: before the first start(), and between steps when they change. `gradients` is
  /// the row of all gradients that they are cut from. The plain sum need not know.
  virtual void arrange(const ParameterStore& /*parameters*/, const BucketPlan& /*plan*/,
                       const Tensor& /*gradients*/) {}

  /// Begins to turn `gradients`, this rank's part of bucket number `bucket`, into the sum over all ranks, in
  /// place; wait() of the result ends it, though a reducer may leave part of a bucket to a later one: the
  /// sums are all there when all buckets were waited for. In every step all ranks call this for all buckets
  /// in order, with the same sizes, so what belongs to a bucket (a remainder that was not sent, say) can be
  /// kept by its number. The calls come out of the backward pass: they must not wait for other ranks.
  virtual std::unique_ptr<Work> start(size_t bucket, const Tensor& gradients) = 0;
};

/// One all-reduce for each bucket.
class SumReducer final : public GradientReducer {
 public:
  /// The communicator outlives it.
  explicit SumReducer(Communicator& communicator) : communicator_(communicator) {}
  /// Of a rank alone everything stays where it is.
  bool takes(Device device) const override {
    return communicator_.size() == 1 || communicator_.takes(device);
  }
  std::unique_ptr<Work> start(size_t /*bucket*/, const Tensor& gradients) override {
    return communicator_.all_reduce_async(gradients, ReduceOp::sum);
  }

 private:
  Communicator& communicator_;
};
// [/reducer]

/// Each bucket's sum is taken in the tree of tree.hpp, so its bits do not depend on the number of ranks,
/// where each rank has the sum of its own subtree. The number of ranks is a power of two.
class TreeReducer final : public GradientReducer {
 public:
  /// Collective.
  explicit TreeReducer(Communicator& communicator);
  std::unique_ptr<Work> start(size_t bucket, const Tensor& gradients) override;

 private:
  BackgroundGroup background_;
};

}  // namespace gpt
