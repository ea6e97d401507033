// The five functions of NVML that gpu_monitor.cpp calls. Their types are declared a second time here, from
// NVML's reference manual, so that a slip in gpu_monitor.cpp shows.
#include "standin_nvml.hpp"

extern "C" {

using nvmlDevice_t = StandinNvml*;  // which it is, is NVML's own business
struct nvmlUtilization_t {
  unsigned int gpu, memory;
};
struct nvmlMemory_t {
  unsigned long long total, free, used;
};

StandinNvml* standin_nvml() {
  static StandinNvml state;
  return &state;
}

int nvmlInit_v2() {
  if (standin_nvml()->init == 0) ++standin_nvml()->running;
  return standin_nvml()->init;
}

int nvmlShutdown() {
  --standin_nvml()->running;
  return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, nvmlDevice_t* device) {
  standin_nvml()->bus_id = bus_id;
  *device = standin_nvml();
  return standin_nvml()->find;
}

int nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t* rates) {
  ++device->questions;
  *rates = {device->percent, 11};
  return device->utilization;
}

#ifndef WITHOUT_MEMORY
int nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t* memory) {
  *memory = {141'000'000'000, 1, device->bytes};
  return device->memory;
}
#endif

}  // extern "C"
