#pragma once
// Compression as DataParallel wants it: in the background.

#include "11_ddp/reducer.hpp"
#include "13_compression/compression.hpp"

namespace gpt {

// [reducer]
/// Sums the buckets by a compression, one after the other, on a thread and a communicator of its own; in the
/// steps of its warm-up, whole.
class CompressingReducer final : public GradientReducer {
 public:
  /// Collective.
  CompressingReducer(Communicator& communicator, std::shared_ptr<Compression> compression)
      : compression_(std::move(compression)), background_(communicator) {}

  bool takes(Device device) const override { return compression_->takes(device); }
  void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) override {
    GPT_CHECK(gradients.dtype() == DType::f32, "compression takes gradients in f32, not {}",
              gradients.dtype());
    compression_->arrange(parameters, plan, gradients);
  }
  /// The number of the step whose buckets come next, counted from 0.
  void begin_step(int64_t step) { step_ = step; }

  std::unique_ptr<Work> start(size_t bucket, const Tensor& gradients) override {
    // The task holds the compression: a thread that was left behind by an error may outlive this object.
    return background_.submit([compression = compression_, bucket, step = step_, gradients,
                               ready = compression_->mark()](Communicator& group) {
      ready();
      if (step >= compression->warmup())
        compression->sum(group, bucket, step);
      else if (group.takes(gradients.device()))
        group.all_reduce(gradients, ReduceOp::sum);
      else
        all_reduce_on_host(group, gradients);
    });
  }

  Compression& compression() { return *compression_; }

 private:
  static void all_reduce_on_host(Communicator& group, const Tensor& gradients) {
    const Tensor copy = gradients.host();
    group.all_reduce(copy, ReduceOp::sum);
    gradients.copy_from(copy);
  }

  std::shared_ptr<Compression> compression_;
  int64_t step_ = 0;
  BackgroundGroup background_;
};
// [/reducer]

}  // namespace gpt
