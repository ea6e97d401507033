#pragma once
// Compressions by name.

#include <memory>
#include <string>

#include "13_compression/compression.hpp"

namespace gpt {

struct CompressionOptions {
  uint64_t seed = 0;   ///< of the random numbers
  int64_t warmup = 0;  ///< steps with whole gradients, for those compressions that need some
};

/// What "none", "bf16", "fp16" or "int8" names; nullptr for none. Throws UserError, one sentence, for
/// anything else.
std::shared_ptr<Compression> make_compression(const std::string& spec,
                                              const CompressionOptions& options = {});

}  // namespace gpt
