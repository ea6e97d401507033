#pragma once
// Timing on a GPU.

#include <functional>

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// How many devices there are; 1 on the SIMT machine. 0 where CUDA finds none.
int device_count();
/// The device's median time for `run`, after a warm-up.
double milliseconds(const std::function<void()>& run);
/// Bytes per second that a plain copy within device memory reads and writes together.
double copy_bandwidth();
)
// clang-format on

}  // namespace gpt
