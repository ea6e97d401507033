#pragma once
// The Backend's operations as nodes of the tape of chapter 02. Each keeps for the backward pass what its
// formula needs and nothing else.
//
// Values are of the backend's compute type, and so are their gradients; gradients of parameters are of the
// sum type. Tensors of rows are (…, C): an operation that works on rows takes all leading dimensions together
// as its N. Where no input needs a gradient, nothing is recorded.

#include "02_backprop/variable.hpp"
#include "05_gpt/backend.hpp"

namespace gpt {

/// Throws Error unless lowest ≤ id < V for all ids of a host tensor: a kernel cannot.
void check_ids(const Tensor& ids, int32_t lowest, int64_t vocabulary);

/// tokens: (B, T) i32, of the host, or checked and on the device already; token_table: (V, C),
/// position_table: (context, C) → (B, T, C). With first_position > 0, which a KV cache needs, no gradient can
/// be taken.
Variable embedding(Backend& backend, const Tensor& tokens, const Variable& token_table,
                   const Variable& position_table, int64_t first_position = 0);

/// x: (…, C), weight and bias: (C) → (…, C).
Variable layernorm(Backend& backend, const Variable& x, const Variable& weight, const Variable& bias);

/// x · weightᵀ + bias + residual. x: (…, I), weight: (O, I), bias: (O) or undefined, residual: (…, O) or
/// undefined → (…, O).
Variable linear(Backend& backend, const Variable& x, const Variable& weight, const Variable& bias,
                const Variable& residual = {});
/// x · tableᵀ in the sum type: the logits, whose logarithms want the digits. x: (…, C), table: (V, C) → (…,
/// V). Their gradient must come in the compute type, as cross_entropy() sends it.
Variable unembedding(Backend& backend, const Variable& x, const Variable& table);

/// qkv: (B, T, 3C) → (B, T, C).
Variable attention(Backend& backend, const Variable& qkv, int64_t heads, const Dropout& dropout = {});

/// Any shape.
Variable gelu(Backend& backend, const Variable& x);

/// residual + dropout(x), x: (B, …); residual may be undefined.
Variable dropout(Backend& backend, const Variable& x, const Variable& residual, const Dropout& dropout);

/// scale · the sum of the cross-entropies of all rows, as a scalar on the device. logits: (…, V) of the sum
/// type, targets: as many i32 as there are rows, negative = not counted. Backward overwrites the logits with
/// their gradient when nobody else holds them.
Variable cross_entropy(Backend& backend, const Variable& logits, const Tensor& targets, double scale);

}  // namespace gpt
