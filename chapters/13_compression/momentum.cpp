#include "13_compression/momentum.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "13_compression/quantised.hpp"

namespace gpt {

void MomentumCompression::arrange(const ParameterStore&, const BucketPlan& plan, const Tensor& gradients) {
  buckets_ = plan.buckets;
  gradients_ = gradients;
  if (workshop_) return;
  workshop_ = make_workshop(gradients);
  momentum_ = Tensor::zeros(gradients.shape()).on(workshop_->memory());
  residual_ = momentum_.clone();
}

void MomentumCompression::start_momentum(const Tensor& momentum, int ranks) {
  GPT_CHECK_EQ(momentum.elements(), momentum_.elements());
  const Tensor part = momentum.host().clone();
  for (float& u : part.span<float>()) u /= static_cast<float>(ranks);
  momentum_.copy_from(part);
}

std::vector<StateRow> MomentumCompression::state() {
  return {{"momentum", StateRow::Kind::parts, momentum_}, {"residual", StateRow::Kind::parts, residual_}};
}

void MomentumCompression::advance(int64_t from, int64_t to) {
  const Bucket part{from, to, 0};
  workshop_->blend(elements_of(momentum_, part), elements_of(gradients_, part),
                   static_cast<float>(options_.beta1));
}

// [end_warmup]
void end_warmup(const ParameterStore& parameters, const Tensor& m, const Tensor& v, double beta1,
                double beta2, int64_t steps) {
  constexpr double least_part = 0.01;
  const Tensor mean = m.host(), square = v.host();
  const auto c1 = static_cast<float>(1.0 - std::pow(beta1, static_cast<double>(steps)));
  const auto c2 = static_cast<float>(1.0 - std::pow(beta2, static_cast<double>(steps)));
  for (float& x : mean.span<float>()) x /= c1;
  for (float& x : square.span<float>()) x /= c2;
  for (const Parameter& p : parameters.parameters()) {
    const std::span<float> own = square.slice(0, p.offset, p.offset + p.elements).span<float>();
    const double sum = std::accumulate(own.begin(), own.end(), 0.0);
    const auto least = static_cast<float>(least_part * sum / static_cast<double>(p.elements));
    for (float& x : own) x = std::max(x, least);
  }
  if (m.device() != Device::cpu) m.copy_from(mean), v.copy_from(square);
}
// [/end_warmup]

}  // namespace gpt
