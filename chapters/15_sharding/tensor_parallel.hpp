#pragma once
// The operations of a GPT of which every rank of a group computes a part (Megatron-LM: Shoeybi et al., 2019).
//
// "Whole" values are the same on all ranks, bit for bit: tokens, the residual stream (B, T, C), and its
// gradient. A column-parallel layer turns a whole value into a part of its outputs, a row-parallel one turns
// the parts into a whole value again. All operations are collective, forward and backward: every rank of the
// group calls them in the same order. Tensors lie in memory of the host.

#include "05_gpt/gpt_operations.hpp"
#include "09_averaging/communicator.hpp"
#include "15_sharding/cut.hpp"

namespace gpt {

// [conjugate]
/// Megatron's f: forward, x as it is; backward, the sum of the ranks' gradients. It stands where a whole
/// value enters what the ranks compute by parts: each part sends back what it knows of the gradient.
Variable enter_parallel(Communicator& group, const Variable& x);

/// Megatron's g: forward, the sum of the ranks' x; backward, the gradient as it is. It stands where the parts
/// end. The sum is taken in place: the operation that made x must not have kept it.
Variable leave_parallel(Communicator& group, const Variable& x);
// [/conjugate]

/// This rank's columns of x · weightᵀ + bias, a layer whose outputs are shared out. x: (…, I), whole; weight:
/// (O / ranks, I), bias: (O / ranks), of this rank → (…, O / ranks).
Variable column_parallel_linear(Backend& backend, Communicator& group, const Variable& x,
                                const Variable& weight, const Variable& bias);

/// x · weightᵀ + bias + residual, a layer whose inputs are shared out. x: (…, I / ranks), weight: (O, I /
/// ranks), of this rank; bias: (O) and residual: (…, O) or undefined, whole → (…, O), whole. What is whole is
/// added once.
Variable row_parallel_linear(Backend& backend, Communicator& group, const Variable& x, const Variable& weight,
                             const Variable& bias, const Variable& residual = {});

/// tokens: (B, T) i32; token_share: (tokens.count(), C), the rows `mine` of the table, of this rank;
/// position_table: (context, C), whole → (B, T, C), whole. With first_position > 0, which a KV cache needs,
/// no gradient can be taken.
Variable vocabulary_parallel_embedding(Backend& backend, Communicator& group, const Tensor& tokens,
                                       const Variable& token_share, Span mine, const Variable& position_table,
                                       int64_t first_position = 0);

/// scale · the sum of the cross-entropies of all rows, as a scalar, whole. logits: (…, mine.count()), the
/// logits of the tokens `mine`, of this rank; targets: as many i32 as there are rows, negative = not counted.
/// The logits are not gathered: a maximum and a sum of one number a row do. Backward overwrites them with
/// their gradient when nobody else holds them.
Variable vocabulary_parallel_cross_entropy(Backend& backend, Communicator& group, const Variable& logits,
                                           Span mine, const Tensor& targets, double scale);

}  // namespace gpt
