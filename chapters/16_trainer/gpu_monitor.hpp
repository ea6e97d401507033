#pragma once
// How busy a GPU is, and how full: by NVML, the library of NVIDIA's driver that nvidia-smi asks, too.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace gpt {

/// What the driver says of a GPU. What it does not say is absent.
struct GpuUse {
  std::optional<double> utilization;  ///< percent of the driver's last sample period in which a kernel ran
  std::optional<double> memory_mb;    ///< in use on the whole device, by everybody
  bool operator==(const GpuUse&) const = default;
};

/// One GPU under observation. No run fails for want of its numbers: where there is no NVML, or it does not
/// know the device, or answers with an error, they are absent and nothing is thrown.
class GpuMonitor {
 public:
  using Clock = std::chrono::steady_clock;

  /// `bus_id`: the device, as pci_bus_id() names it (chapter 08); "" is none, and nothing is loaded. A number
  /// would not do: NVML counts all GPUs of the machine, CUDA those that CUDA_VISIBLE_DEVICES leaves, in an
  /// order of its own.
  /// `pause`: between two questions. The driver's sample period is 1/6 of a second to a second, so who asks
  /// after every step of some milliseconds pays for the same answer many times.
  explicit GpuMonitor(const std::string& bus_id, const char* library = "libnvidia-ml.so.1",
                      Clock::duration pause = std::chrono::milliseconds(500));
  ~GpuMonitor();

  /// Asks the driver; within the pause after that it gives the same answer again.
  GpuUse ask();

 private:
  struct Nvml;
  std::unique_ptr<Nvml> nvml_;  // nullptr: nobody to ask
  Clock::duration pause_;
  Clock::time_point next_{};
  GpuUse answer_;
};

}  // namespace gpt
