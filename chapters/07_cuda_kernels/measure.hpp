#pragma once
// Timing on a GPU.

#include <functional>
#include <string>

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

/// The device that runs the kernels.
struct DeviceFacts {
  std::string name;      ///< "NVIDIA H200"
  std::string versions;  ///< of CUDA: the program's, and the newest that the driver speaks
  int64_t l2_bytes = 0;  ///< of the cache that all multiprocessors share
};

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// How many devices there are; 1 on the SIMT machine. 0 where CUDA finds none.
int device_count();
DeviceFacts device_facts();
/// The device's median time for `run`, after a warm-up. Before each run other memory is read, four times as much as
/// the L2 cache holds: nothing that `run` needs is in the cache, and the device is still busy when the host has
/// written all orders of `run`, so that no gap between them is timed.
double milliseconds(const std::function<void()>& run);
/// Bytes per second that a plain copy within device memory reads and writes together.
double copy_bandwidth();
)
// clang-format on

}  // namespace gpt
