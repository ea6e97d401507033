#pragma once
// Weights against imbalance: of shards with different sizes, and of classes with different sizes.

#include <cstdint>
#include <vector>

#include "01_tensors/philox.hpp"
#include "01_tensors/tensor.hpp"

namespace gpt {

/// n_r / Σ n: what the average of shard r counts in the average of all samples. They add up to 1. Throws
/// Error when there is no sample at all.
std::vector<double> shard_weights(const std::vector<int64_t>& sizes);

/// For every class k the weight n / (classes · n_k): samples of a rare class count as much more as the class
/// is rarer, every class has the same total, and the weights of all samples average 1. A class without
/// samples gets 0. labels: (N) i32.
std::vector<double> inverse_frequency_weights(const Tensor& labels, int64_t classes);

/// Draws numbers 0 … n-1 with replacement, number i with a probability proportional to weights[i].
class WeightedSampler {
 public:
  /// Throws Error unless the weights are not negative and their sum is positive.
  explicit WeightedSampler(const std::vector<double>& weights);
  /// The draw that a uniform number in [0, 1) stands for.
  int64_t at(double uniform) const;
  /// `count` draws, from positions 0 … count-1 of a stream.
  std::vector<int64_t> draw(int64_t count, const RandomStream& random) const;

 private:
  std::vector<double> up_to_;  // weights[0] + … + weights[i]
};

}  // namespace gpt
