#pragma once
// Which device a program computes on, chosen when it runs.

#include <memory>
#include <string>

#include "08_gpu_training/gpu_backend.hpp"

namespace gpt {

/// What the options --device and --precision say.
struct DeviceChoice {
  std::string device = "auto";    ///< cuda, cpu, simt, or auto: cuda where there is a GPU, else cpu
  std::string precision = "f32";  ///< f32, bf16, or tf32: f32 whose products a GPU may round
  int rank = 0;                   ///< rank i takes GPU i modulo their number
};

/// Throws UserError, one sentence, unless both are words that exist, and agree.
void validate(const DeviceChoice& choice);

/// The backend for it. Throws UserError, one sentence that says what is missing and what to do, when the GPU
/// that is asked for cannot be used.
std::unique_ptr<Backend> make_backend(const DeviceChoice& choice);

/// By what the driver and its tools know the GPU that a backend computes on: its place on the PCI bus, such
/// as "0000:3B:00.0"; "" where it computes on none.
std::string pci_bus_id(const Backend& backend);

/// True when this program was compiled with nvcc.
bool built_with_cuda();
/// Of the GPUs; no_device when built without CUDA.
GpuStatus cuda_status();
/// Why there is no GPU to compute on, as the end of a sentence; "" when there is one.
std::string why_no_gpu(bool built, const GpuStatus& status);

}  // namespace gpt
