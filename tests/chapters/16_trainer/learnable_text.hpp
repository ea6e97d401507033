#pragma once
// A text from which small models learn something in a few steps.

#include <cstdint>
#include <vector>

#include "01_tensors/philox.hpp"
#include "04_text/tokens.hpp"

namespace gpt {

/// 700 tokens below `vocabulary`: squares, with a little noise.
inline Tokens learnable_text(size_t vocabulary) {
  const RandomStream random(1, RandomUse::example);
  std::vector<int32_t> tokens(700);
  for (size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<int32_t>((i * i + random.below(i, 4)) % vocabulary);
  return Tokens(tokens);
}

}  // namespace gpt
