#include "13_compression/quantised.hpp"

namespace gpt {

// [quantised]
void QuantisedGradients::arrange(const ParameterStore&, const BucketPlan& plan, const Tensor& gradients) {
  buckets_ = plan.buckets;
  gradients_ = gradients;
  if (workshop_) return;
  workshop_ = make_workshop(gradients);
  codec_ = workshop_->codec(code_);
}

void QuantisedGradients::sum(Communicator& group, size_t bucket, int64_t step) {
  two_phase_sum(group, *codec_, elements_of(gradients_, buckets_[bucket]), {}, {seed_, step, bucket},
                *workshop_);
  workshop_->finish();
}
// [/quantised]

}  // namespace gpt
