#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gpt {

/// Sign compression with error feedback (Seide and others, 2014; Karimireddy and others, 2019, algorithm 2):
/// what a step does not send is remembered, and added to what the next step would send.
class SignCompressor {
 public:
  explicit SignCompressor(size_t size) : residual_(size, 0.0f) {}

  /// Replaces `values` by what a receiver decodes: mean |v| · sign(v) of v = values + residual, with sign(0)
  /// = +1. The residual becomes v minus that.
  void compress(std::span<float> values);
  const std::vector<float>& residual() const { return residual_; }

 private:
  std::vector<float> residual_;
};

}  // namespace gpt
