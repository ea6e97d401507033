#pragma once
// The ladders of all kernel families, for the program and for tests, on every machine.

#include "07_cuda_kernels/ladder.hpp"
#include "07_cuda_kernels/seam.hpp"

namespace gpt {

using Ladders = std::vector<Ladder>;

// clang-format off
SIMT_ON_EVERY_MACHINE(
Ladders elementwise_ladders(ProblemSize size);
Ladders reductions_ladders(ProblemSize size);
Ladders softmax_ladders(ProblemSize size);
Ladders layernorm_ladders(ProblemSize size);
Ladders embedding_ladders(ProblemSize size);
Ladders cross_entropy_ladders(ProblemSize size);
Ladders adamw_ladders(ProblemSize size);
Ladders linear_ladders(ProblemSize size);
Ladders attention_ladders(ProblemSize size);
Ladders compress_ladders(ProblemSize size);
Ladders sparse_ladders(ProblemSize size);
Ladders thin_ladders(ProblemSize size);
)
// clang-format on

}  // namespace gpt
