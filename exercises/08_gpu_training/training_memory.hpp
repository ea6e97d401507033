#pragma once

#include <cstdint>

namespace gpt {

/// A GPT-2 and how it is trained, as far as memory is concerned.
struct MemoryShape {
  int64_t layers = 12, channels = 768, heads = 12, context = 1024, vocabulary = 50257, batch = 8;
  bool bf16 = true;  ///< products and activations in bf16, with f32 master weights; else all in f32
};

/// Parameters: token embedding (V, C), which is also the head, position embedding (T, C), for each layer two
/// layernorms (2 C each), attention (3 C² + 3 C, then C² + C) and MLP (4 C² + 4 C, then 4 C² + C), and a last
/// layernorm.
int64_t parameter_count(const MemoryShape& shape);

/// Bytes that stay from step to step: values, gradients and Adam's two means in f32, and in bf16 a copy of
/// the values. (For simplicity, of all of them.)
int64_t state_bytes(const MemoryShape& shape);

/// Bytes of the activations that the forward pass saves for the backward pass, B · T rows: of each layer 17
/// numbers per channel (two layernorms and their inputs, q k v, attention's result and projection, the MLP's
/// two widths of 4 C and its result), and of the model the logits, in f32 always. Statistics and masks are
/// left out.
int64_t activation_bytes(const MemoryShape& shape);

}  // namespace gpt
