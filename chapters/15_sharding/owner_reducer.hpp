#pragma once
// Gradients that are summed for their owners alone.

#include "11_ddp/reducer.hpp"
#include "15_sharding/owners.hpp"

namespace gpt {

/// Half an all-reduce for each bucket, in the background: every rank gets the sums of the part that it owns.
/// What lies beside it in the bucket is no sum; with `give_back` (ZeRO's stages 2 and 3) it is zeros then,
/// and takes no memory. The buckets are the partition's units (DataParallelOptions::bucket_ends).
class OwnerReducer final : public GradientReducer {
 public:
  /// With `give_back` the gradients lie in paged_zeros(). Collective.
  OwnerReducer(Communicator& communicator, const Partition& partition, bool give_back)
      : partition_(partition), give_back_(give_back), background_(communicator) {}

  void arrange(const ParameterStore& /*parameters*/, const BucketPlan& plan,
               const Tensor& gradients) override {
    GPT_CHECK(plan.buckets.size() == partition_.units(), "{} buckets for {} units", plan.buckets.size(),
              partition_.units());
    row_ = gradients;
  }

  // [start]
  std::unique_ptr<Work> start(size_t bucket, const Tensor& /*gradients*/) override {
    // The task holds copies: a thread that was left behind by an error may outlive this object.
    return background_.submit([row = row_, partition = partition_, bucket, drop = give_back_](auto& group) {
      reduce_to_owners(group, row, partition, bucket);
      if (drop) give_back_others(row, partition, bucket, group.rank());
    });
  }
  // [/start]

 private:
  Partition partition_;
  bool give_back_;
  Tensor row_;
  BackgroundGroup background_;
};

}  // namespace gpt
