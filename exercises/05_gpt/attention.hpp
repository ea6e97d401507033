#pragma once

#include "01_tensors/tensor.hpp"

namespace gpt {

/// Causal attention of one head, from the formula (Vaswani and others, 2017, section 3.2.1): position t looks
/// at the positions s <= t, with the weights softmax_s(q_t · k_s / √D). q, k, v: (T, D) f32, contiguous → (T,
/// D).
Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v);

}  // namespace gpt
