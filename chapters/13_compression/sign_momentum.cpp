#include "13_compression/sign_momentum.hpp"

#include <algorithm>

#include "13_compression/quantised.hpp"

namespace gpt {

void SignMomentum::arrange(const ParameterStore& parameters, const BucketPlan& plan,
                           const Tensor& gradients) {
  MomentumCompression::arrange(parameters, plan, gradients);
  gaps_.clear();
  int64_t end = 0;
  for (const Parameter& parameter : parameters.parameters()) {
    if (parameter.offset > end) gaps_.push_back({end, parameter.offset, 0});
    end = parameter.offset + parameter.elements;
  }
  if (gradients.elements() > end) gaps_.push_back({end, gradients.elements(), 0});
  if (codec_) return;
  codec_ = workshop_->codec("sign");
  owner_ = residual_.clone();
}

// [sign]
void SignMomentum::sum(Communicator& group, size_t bucket, int64_t step) {
  const Bucket& here = buckets_[bucket];
  advance(here.from, here.to);
  const std::span<float> row = elements_of(gradients_, here);
  workshop_->copy(row, elements_of(momentum_, here));
  const ErrorMemory memory{elements_of(residual_, here), elements_of(owner_, here)};
  two_phase_sum(group, *codec_, row, memory, {0, step, bucket}, *workshop_);
  for (const Bucket& gap : gaps_) {
    const int64_t from = std::max(gap.from, here.from), to = std::min(gap.to, here.to);
    if (from < to) workshop_->clear(elements_of(gradients_, {from, to, 0}));
  }
  workshop_->finish();
}
// [/sign]

std::vector<StateRow> SignMomentum::state() {
  std::vector<StateRow> rows = MomentumCompression::state();
  rows.push_back({"owner", StateRow::Kind::pieces, owner_});
  return rows;
}

}  // namespace gpt
