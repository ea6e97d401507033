#pragma once
// Softmax and cross-entropy in one, as Backend has it: the probabilities are never stored.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

constexpr int cross_entropy_forward_rungs = 3;
constexpr int cross_entropy_backward_rungs = 2;

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// lse[r] = log Σ exp(logits[r, ·]), losses[r] = lse[r] - logits[r, targets[r]], 0 where targets[r] < 0.
/// logits: (rows, vocabulary) of `type`, whose rows lie row_stride elements apart (0: they are dense); targets:
/// (rows); losses, lse: (rows) f32.
void cross_entropy_forward(float* losses, float* lse, DType type, const void* logits, const int32_t* targets,
                           int64_t rows, int64_t vocabulary, int rung = cross_entropy_forward_rungs - 1,
                           Stream stream = nullptr, int64_t row_stride = 0);
/// d_logits = scale · (softmax(logits) - one_hot(target)), 0 for rows without a target. d_logits, of `d_type`,
/// may be logits where the two types are the same; its rows lie row_stride apart, too.
void cross_entropy_backward(DType d_type, void* d_logits, DType type, const void* logits, const float* lse,
                            const int32_t* targets, double scale, int64_t rows, int64_t vocabulary,
                            int rung = cross_entropy_backward_rungs - 1, Stream stream = nullptr,
                            int64_t row_stride = 0);
)
// clang-format on

}  // namespace gpt
