#pragma once
// A GPU as a Backend: the class is built once for each machine that runs kernels (chapter 06), and these are
// the doors to it. Nothing here needs CUDA's headers.

#include <memory>
#include <string>

#include "05_gpt/backend.hpp"
#include "06_simt/simt.hpp"

namespace gpt {

struct GpuOptions {
  DType compute_type = DType::f32;  ///< of activations and matrices: f32, or bf16 with sums in f32
  bool tf32 = false;                ///< f32 products may round what they multiply to 10 bits; on a GPU only
  int device = 0;                   ///< the number of the GPU
};

/// What the machine's runtime finds when it looks for devices.
struct GpuStatus {
  enum class State { ready, no_driver, old_driver, no_device, broken };
  State state = State::ready;
  int devices = 0;        ///< how many, when ready
  std::string text = {};  ///< names of the devices, versions, or the runtime's own words
};

// clang-format off
SIMT_ON_EVERY_MACHINE(
GpuStatus gpu_status();
/// Throws UserError when there is no such device, or its memory does not suffice.
std::unique_ptr<Backend> make_gpu_backend(const GpuOptions& options);
/// "0000:3B:00.0", the place on the PCI bus of the GPU that a backend made by it computes on; "" where the
/// runtime does not say, and on the SIMT machine.
std::string pci_bus_id(const Backend& backend);
)
// clang-format on

}  // namespace gpt
