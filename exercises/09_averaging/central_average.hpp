#pragma once

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Every rank's `tensor` (f32, contiguous, as long on all ranks) becomes the average over the ranks, with the
/// same bits on all: each rank sends its own to rank 0, which adds them up in order of rank, divides, and
/// sends the result back.
void central_average(Communicator& communicator, const Tensor& tensor);

}  // namespace gpt
