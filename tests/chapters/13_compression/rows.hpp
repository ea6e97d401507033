#pragma once
// Rows of numbers for tests.

#include <cmath>
#include <cstdint>
#include <vector>

#include "01_tensors/philox.hpp"

namespace gpt {

using Floats = std::vector<float>;

/// n normal numbers with all bits of a float; sizes of different parts differ.
inline Floats numbers(int64_t n, uint64_t seed) {
  const RandomStream random(seed, RandomUse::example);
  Floats x(static_cast<size_t>(n));
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = random.normal(i) * std::ldexp(1.0f, static_cast<int>(i / 100 % 9));
  return x;
}

inline double norm(const Floats& x) {
  double sum = 0;
  for (const float v : x) sum += double{v} * v;
  return std::sqrt(sum);
}

}  // namespace gpt
