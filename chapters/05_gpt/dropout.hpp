#pragma once
// Dropout's random bits, for all backends.

#include <array>
#include <cstdint>

#include "01_tensors/philox.hpp"

namespace gpt {

/// Which elements of an activation are dropped (Srivastava et al., 2014). The decision for element `i` of a
/// sample is a function of (seed, step, site, the sample's number in the global batch, i) alone: every rank
/// count draws the same masks, and the backward pass draws them again instead of keeping them. Constexpr, so
/// that kernels (chapter 07) call the same function.
struct Dropout {
  float probability = 0.0f;
  uint64_t seed = 0;
  uint64_t step = 0;
  uint64_t site = 0;         ///< which dropout of the model this is
  int64_t first_sample = 0;  ///< number of the first row of the batch within the global batch
  /// Number of the first element within the sample, where a rank has a part of it (chapter 15): a multiple
  /// of 4, or used through factor() alone.
  int64_t first_element = 0;

  constexpr bool active() const { return probability > 0.0f; }
  /// 0 where dropped, 1 / (1 - probability) where kept: the expectation stays the same. `sample` counts from
  /// first_sample.
  constexpr float factor(int64_t sample, int64_t i) const {
    i += first_element;
    const auto bits = random(sample, i / 4);
    const bool second = i % 2 == 1;  // chosen by comparing: a GPU's registers have no index
    return of_bits(i % 4 < 2 ? (second ? bits[1] : bits[0]) : (second ? bits[3] : bits[2]));
  }
  /// The factors of four neighbours, the elements 4 · quad … 4 · quad + 3: they share the random numbers.
  constexpr std::array<float, 4> factors(int64_t sample, int64_t quad) const {
    const auto bits = random(sample, first_element / 4 + quad);
    return {of_bits(bits[0]), of_bits(bits[1]), of_bits(bits[2]), of_bits(bits[3])};
  }

 private:
  constexpr std::array<uint32_t, 4> random(int64_t sample, int64_t quad) const {
    const uint64_t key = seed * 0x9E3779B97F4A7C15 + static_cast<uint64_t>(RandomUse::dropout);
    return philox(key, step << 16 | site,
                  static_cast<uint64_t>(first_sample + sample) << 40 | static_cast<uint64_t>(quad));
  }
  constexpr float of_bits(uint32_t bits) const {
    return uniform_from_bits(bits) < probability ? 0.0f : 1.0f / (1.0f - probability);
  }
};

}  // namespace gpt
