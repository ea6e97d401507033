#pragma once
// What a split model costs, before anything is built: memory and messages of a rank.

#include "15_sharding/cut.hpp"

namespace gpt {

/// Bytes that one rank sends in one pass over the model.
struct PassBytes {
  int64_t forward = 0, backward = 0;
};

/// Tensor parallelism on `ranks` ranks that send around a ring, for n = B·T tokens and activations of
/// `number` bytes. Forward two sums of n·C in each layer, one for the embedding, and two numbers a token
/// and one for all for the loss; backward two in each layer and one for the head (Shoeybi et al., 2019).
PassBytes tensor_parallel_bytes(const GptConfig& config, int ranks, int64_t tokens, int64_t number = 4);

/// Bytes that a rank keeps for `parameters` numbers in f32: values, gradients and AdamW's two moments.
constexpr int64_t training_bytes(int64_t parameters) {
  return 4 * 4 * parameters;
}

/// Bytes that the tape of a rank keeps for each token between forward and backward, as
/// activation_bytes_per_token() says for one rank: what is whole on all ranks, and its share of the rest.
double activation_bytes_per_token(const GptConfig& config, int64_t number, const Place& place);

}  // namespace gpt
