#include "16_trainer/gpu_monitor.hpp"

#include <dlfcn.h>

#include <type_traits>

namespace gpt {

/// What is used here of nvml.h, so that the book builds where that file is not. NVML never changes a
/// function: a new form of it gets a new name, as those with _v2 have.
struct GpuMonitor::Nvml {
  using Device = struct nvmlDevice_st*;
  struct Utilization {
    unsigned int gpu, memory;  // percent of time: a kernel ran; memory was read or written
  };
  struct Memory {
    unsigned long long total, free, used;  // bytes
  };
  static constexpr int success = 0;

  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*find)(const char* bus_id, Device*) = nullptr;
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*memory)(Device, Memory*) = nullptr;
  bool running = false;
  Device device = nullptr;

  /// False where anything is missing.
  bool open(const std::string& bus_id, const char* library) {
    void* const file = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);  // stays until the program ends
    if (!file) return false;
    const auto load = [file](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(file, name));
      return function != nullptr;
    };
    if (!load(init, "nvmlInit_v2") || !load(shutdown, "nvmlShutdown") ||
        !load(find, "nvmlDeviceGetHandleByPciBusId_v2") ||
        !load(utilization, "nvmlDeviceGetUtilizationRates") || !load(memory, "nvmlDeviceGetMemoryInfo"))
      return false;
    running = init() == success;
    return running && find(bus_id.c_str(), &device) == success;
  }

  ~Nvml() {
    if (running) shutdown();
  }
};

GpuMonitor::GpuMonitor(const std::string& bus_id, const char* library, Clock::duration pause)
    : pause_(pause) {
  if (bus_id.empty()) return;
  nvml_ = std::make_unique<Nvml>();
  if (!nvml_->open(bus_id, library)) nvml_.reset();
}

GpuMonitor::~GpuMonitor() = default;

GpuUse GpuMonitor::ask() {
  const Clock::time_point now = Clock::now();
  if (!nvml_ || now < next_) return answer_;
  next_ = now + pause_;
  answer_ = {};
  Nvml::Utilization rates{};  // of a GPU in parts (MIG) the driver says only how full it is
  if (nvml_->utilization(nvml_->device, &rates) == Nvml::success) answer_.utilization = rates.gpu;
  Nvml::Memory bytes{};
  if (nvml_->memory(nvml_->device, &bytes) == Nvml::success)
    answer_.memory_mb = static_cast<double>(bytes.used) / 1e6;
  return answer_;
}

}  // namespace gpt
