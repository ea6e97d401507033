#include "15_sharding/predictions.hpp"

#include "13_compression/wire_counter.hpp"

namespace gpt {

// [bytes]
PassBytes tensor_parallel_bytes(const GptConfig& config, int ranks, int64_t tokens, int64_t number) {
  const int64_t sum = all_reduce_bytes(tokens * config.width * number, ranks);  // of one (B, T, C)
  const int64_t row = all_reduce_bytes(tokens * 4, ranks);                      // of one number a token
  return {.forward = (2 * config.layers + 1) * sum + 2 * row + all_reduce_bytes(8, ranks),
          .backward = (2 * config.layers + 1) * sum};
}
// [/bytes]

// [activations]
double activation_bytes_per_token(const GptConfig& config, int64_t number, const Place& place) {
  const auto width = static_cast<double>(config.width), bytes = static_cast<double>(number);
  const double share = 1.0 / place.ranks;
  // Of a layer's 16·C numbers four are whole on every rank: the stream twice, and both norms' outputs.
  const double layer =
      (4 + 12 * share) * width * bytes + 4.0 * (4 + static_cast<double>(config.heads) * share);
  const bool last = place.layers.to == config.layers;
  const double head = 2 * width * bytes + 4.0 * (2 + 1 + 1 + static_cast<double>(config.vocabulary) * share);
  return static_cast<double>(place.layers.count()) * layer + (last ? head : 0);
}
// [/activations]

}  // namespace gpt
