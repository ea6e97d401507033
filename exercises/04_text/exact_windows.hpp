#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gpt {

/// The tokens first … first + length of a text: `length` inputs, and as many targets, each one token further.
struct TextWindow {
  int64_t first = 0, length = 0;
  bool operator==(const TextWindow&) const = default;
};

/// Cuts a text of `tokens` tokens into windows of `context` inputs so that every token but the first is a
/// target exactly once. The last window may be shorter. Fewer than two tokens have none.
std::vector<TextWindow> exact_windows(int64_t tokens, int64_t context);

}  // namespace gpt
