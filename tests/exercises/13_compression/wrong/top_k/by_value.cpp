// Says: -5 is the largest in absolute value
#include "exercises/13_compression/top_k.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gpt {

std::vector<int32_t> top_k(std::span<const float> values, int64_t k) {
  std::vector<int32_t> places(values.size());
  std::iota(places.begin(), places.end(), 0);
  const auto size_of = [&](int32_t place) {
    const float x = values[static_cast<size_t>(place)];
    return std::isnan(x) ? INFINITY : x;
  };
  const auto before = [&](int32_t a, int32_t b) {
    return size_of(a) != size_of(b) ? size_of(a) > size_of(b) : a < b;
  };
  std::nth_element(places.begin(), places.begin() + k, places.end(), before);
  places.resize(static_cast<size_t>(k));
  std::sort(places.begin(), places.end());
  return places;
}

void split_top_k(std::span<const float> values, const std::vector<int32_t>& places, std::span<float> sent,
                 std::span<float> kept) {
  std::fill(sent.begin(), sent.end(), 0.0f);
  std::copy(values.begin(), values.end(), kept.begin());
  for (const int32_t place : places) {
    const auto i = static_cast<size_t>(place);
    sent[i] = values[i];
    kept[i] = 0.0f;
  }
}

}  // namespace gpt
