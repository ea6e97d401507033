// Says: in order of worker the sum is
#include "exercises/14_parameter_server/ordered_mean.hpp"

#include <algorithm>

namespace gpt {

namespace {

/// The mean of all gradients in order of worker, and none of them left.
std::vector<float> take_mean(std::map<int, std::vector<float>>& gradients) {
  std::vector<float> mean(gradients.begin()->second.size());
  for (const auto& [worker, gradient] : gradients)
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += gradient[i];
  for (float& x : mean) x /= static_cast<float>(gradients.size());
  gradients.clear();
  return mean;
}

bool complete(const std::set<int>& living, const std::map<int, std::vector<float>>& gradients) {
  const auto has_come = [&](int worker) { return gradients.contains(worker); };
  return !gradients.empty() && std::ranges::all_of(living, has_come);
}

}  // namespace

std::optional<std::vector<float>> OrderedMean::push(int worker, std::vector<float> gradient) {
  // The sum so far stands with whoever comes last.
  std::vector<float> sum(gradient.size());
  for (auto& [other, held] : gradients_)
    for (size_t i = 0; i < sum.size(); ++i) {
      sum[i] += held[i];
      held[i] = 0.0f;
    }
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += gradient[i];
  gradients_[worker] = std::move(sum);
  if (!complete(living_, gradients_)) return std::nullopt;
  return take_mean(gradients_);
}

std::optional<std::vector<float>> OrderedMean::remove(int worker) {
  living_.erase(worker);
  if (!complete(living_, gradients_)) return std::nullopt;
  return take_mean(gradients_);
}

}  // namespace gpt
