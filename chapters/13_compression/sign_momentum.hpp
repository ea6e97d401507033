#pragma once
// One bit a number.

#include "13_compression/momentum.hpp"

namespace gpt {

/// The signs of the momentum in two phases, with a memory on both sides. (1-bit Adam: Tang and others, 2021;
/// there every rank mixes its gradient into the common momentum, which makes a part of every error
/// come back; here into one of its own.)
class SignMomentum final : public MomentumCompression {
 public:
  explicit SignMomentum(const Options& options) : MomentumCompression(options) {}
  void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) override;
  void sum(Communicator& group, size_t bucket, int64_t step) override;
  std::vector<StateRow> state() override;

 private:
  std::unique_ptr<Codec> codec_;
  std::vector<Bucket> gaps_;  // the padding between the parameters: 0 has no sign, but gets one
  Tensor owner_;              // what is yet to be sent of the sums of this rank's chunks
};

}  // namespace gpt
