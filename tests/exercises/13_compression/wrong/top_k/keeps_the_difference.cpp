// Says: nothing stays of what was sent, so write 0
#include "exercises/13_compression/top_k.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace gpt {

std::vector<int32_t> top_k(std::span<const float> values, int64_t k) {
  std::vector<int32_t> places(values.size());
  std::iota(places.begin(), places.end(), 0);
  // What is not a number comes first, then by size, and of equally large ones the first: no two are equal.
  const auto order_of = [&](int32_t place) {
    const float x = values[static_cast<size_t>(place)];
    const bool number = !std::isnan(x);
    return std::tuple(number, number ? -std::abs(x) : 0.0f, place);
  };
  std::nth_element(places.begin(), places.begin() + k, places.end(),
                   [&](int32_t a, int32_t b) { return order_of(a) < order_of(b); });
  places.resize(static_cast<size_t>(k));
  std::sort(places.begin(), places.end());
  return places;
}

void split_top_k(std::span<const float> values, const std::vector<int32_t>& places, std::span<float> sent,
                 std::span<float> kept) {
  std::fill(sent.begin(), sent.end(), 0.0f);
  for (const int32_t place : places) sent[static_cast<size_t>(place)] = values[static_cast<size_t>(place)];
  for (size_t i = 0; i < values.size(); ++i) kept[i] = values[i] - sent[i];
}

}  // namespace gpt
