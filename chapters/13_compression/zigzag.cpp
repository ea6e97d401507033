#include "13_compression/zigzag.hpp"

#include <array>
#include <cmath>

#include "13_compression/codec.hpp"

namespace gpt {

double zigzag_loss(const Point& point) {
  return std::abs(point.x - point.y) + 0.5 * std::abs(point.x + point.y);
}

// [descend]
std::vector<Point> descend_by_signs(bool memory, int steps, double rate) {
  const auto codec = make_sign_codec();
  std::vector<std::byte> code(static_cast<size_t>(codec->bytes(2)));
  std::array<float, 2> error{};
  std::vector<Point> path{{1, 1}};
  for (int step = 0; step < steps; ++step) {
    const auto [x, y] = path.back();
    const double across = x < y ? -1 : 1, along = x + y < 0 ? -0.5 : 0.5;  // slopes of the two terms
    const std::array<float, 2> gradient{static_cast<float>(across + along),
                                        static_cast<float>(along - across)};
    codec->encode(code, gradient, memory ? std::span<float>(error) : std::span<float>{}, {});
    std::array<float, 2> sent{};
    codec->decode(sent, code, false);
    path.push_back({x - rate * sent[0], y - rate * sent[1]});
  }
  return path;
}
// [/descend]

}  // namespace gpt
