// Says: or one later?
#include "exercises/04_text/exact_windows.hpp"

#include <algorithm>

namespace gpt {

std::vector<TextWindow> exact_windows(int64_t tokens, int64_t context) {
  std::vector<TextWindow> windows;
  // Each window begins with the last target of the one before: so the token after it is the next target.
  for (int64_t first = 0; first + 1 < tokens; first += context + 1)
    windows.push_back({first, std::min(context, tokens - 1 - first)});
  return windows;
}

}  // namespace gpt
