#pragma once
// Thin matrices on a device.

#include <memory>

#include "01_tensors/allocator.hpp"
#include "07_cuda_kernels/seam.hpp"
#include "13_compression/thin_matrices.hpp"

namespace gpt {

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// By chapter 07's kernels in this stream, which is that of `memory`.
std::unique_ptr<ThinMatrices> make_device_thin_matrices(const std::shared_ptr<Allocator>& memory, Stream stream);
)
// clang-format on

}  // namespace gpt
