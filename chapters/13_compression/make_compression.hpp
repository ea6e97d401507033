#pragma once
// Compressions by name.

#include <memory>
#include <string>

#include "13_compression/compression.hpp"

namespace gpt {

struct CompressionOptions {
  uint64_t seed = 0;   ///< of the random numbers
  int64_t warmup = 1;  ///< steps with whole gradients, at least 1, for those compressions that need them
  double beta1 = 0.9;  ///< of the momentum, for those that send it
};

/// What a word names:
///
///     none                   nullptr
///     bf16, fp16, int8       QuantisedGradients
///     sign                   SignMomentum
///     topk:R, randomk:R      SparseMomentum, which sends the part R of the numbers, 0 < R ≤ 1
///     powersgd:N             PowerSgd of rank N, 1 … 64, in int8; below 8 with two iterations in each step,
///                            and each row whole in every fifth
///
/// Throws UserError, one sentence, for anything else.
std::shared_ptr<Compression> make_compression(const std::string& spec,
                                              const CompressionOptions& options = {});

}  // namespace gpt
