#include "09_averaging/weights.hpp"

#include <algorithm>
#include <numeric>

namespace gpt {

// [weights]
std::vector<double> shard_weights(const std::vector<int64_t>& sizes) {
  const auto total = static_cast<double>(std::accumulate(sizes.begin(), sizes.end(), int64_t{0}));
  GPT_CHECK(total > 0, "weights of {} shards without any sample", sizes.size());
  std::vector<double> weights;
  for (const int64_t size : sizes) weights.push_back(static_cast<double>(size) / total);
  return weights;
}

std::vector<double> inverse_frequency_weights(const Tensor& labels, int64_t classes) {
  std::vector<double> weights(static_cast<size_t>(classes), 0.0);
  for (const int32_t label : labels.span<int32_t>()) {
    GPT_CHECK(label >= 0 && label < classes, "label {} of {} classes", label, classes);
    weights[static_cast<size_t>(label)] += 1.0;
  }
  const auto samples = static_cast<double>(labels.elements());
  for (double& weight : weights)
    if (weight > 0.0) weight = samples / (static_cast<double>(classes) * weight);
  return weights;
}
// [/weights]

// [sampler]
WeightedSampler::WeightedSampler(const std::vector<double>& weights) {
  double sum = 0.0;
  for (const double weight : weights) {
    GPT_CHECK(weight >= 0.0, "a weight of {}", weight);
    up_to_.push_back(sum += weight);
  }
  GPT_CHECK(sum > 0.0, "{} weights, none of them positive", weights.size());
}

int64_t WeightedSampler::at(double uniform) const {
  // Lay the weights end to end on a line: the draw is the one on which this point falls. A weight of 0 has
  // no length, and upper_bound() steps over it.
  const double point = uniform * up_to_.back();
  const auto found = std::upper_bound(up_to_.begin(), up_to_.end(), point);
  return std::min(found, std::lower_bound(up_to_.begin(), up_to_.end(), up_to_.back())) - up_to_.begin();
}

std::vector<int64_t> WeightedSampler::draw(int64_t count, const RandomStream& random) const {
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(at(random.uniform(static_cast<uint64_t>(i))));
  return numbers;
}
// [/sampler]

}  // namespace gpt
