// Says: rounded up
#include "exercises/10_collectives/crossover.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace gpt {

double ring_beats_tree_from(int p, double alpha, double beta) {
  const double rounds = std::bit_width(static_cast<unsigned>(p)) - 1;  // ⌈log2 p⌉
  const double ring_messages = p - 1, ring_rows = (p - 1.0) / p;
  return alpha * (ring_messages - rounds) / (beta * (rounds - ring_rows));
}

int64_t best_pieces_in_a_chain(int p, double bytes, double alpha, double beta) {
  const auto seconds = [&](double k) { return (p - 2 + k) * (alpha + beta * bytes / k); };
  // d/dk: α - (p - 2) β n / k² = 0.
  const double best = std::max(1.0, std::floor(std::sqrt((p - 2) * beta * bytes / alpha)));
  return static_cast<int64_t>(seconds(best) <= seconds(best + 1) ? best : best + 1);
}

}  // namespace gpt
