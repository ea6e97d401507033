// Says: the mean of 3, 1 and 2 is 2
#include "exercises/13_compression/sign_feedback.hpp"

#include <cmath>

namespace gpt {

void SignCompressor::compress(std::span<float> values) {
  double sum = 0.0;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] += residual_[i];
    sum += values[i];
  }
  const auto mean = static_cast<float>(sum / static_cast<double>(values.size()));
  for (size_t i = 0; i < values.size(); ++i) {
    const float sent = values[i] < 0.0f ? -mean : mean;
    residual_[i] = values[i] - sent;
    values[i] = sent;
  }
}

}  // namespace gpt
