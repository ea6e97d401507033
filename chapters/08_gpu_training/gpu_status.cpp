// Is there a GPU, and if not, why not?

#include <array>

#include "08_gpu_training/gpu_backend_class.hpp"
#include "common/check.hpp"

namespace gpt::KERNEL_SPACE {

#ifdef SIMT_USE_CUDA
namespace {

std::string version_text(int version) {  // 13000: CUDA 13.0
  return fmt::format("CUDA {}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace

// [status]
GpuStatus gpu_status() {
  using State = GpuStatus::State;
  int driver = 0, runtime = 0, devices = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  const cudaError_t status = cudaGetDeviceCount(&devices);
  cudaGetLastError();  // it is told now
  if (driver == 0) return {.state = State::no_driver};
  if (status == cudaErrorInsufficientDriver)
    return {.state = State::old_driver,
            .text = fmt::format("it speaks {}, and this program {}", version_text(driver),
                                version_text(runtime))};
  if (status == cudaErrorNoDevice || (status == cudaSuccess && devices == 0))
    return {.state = State::no_device};
  if (status != cudaSuccess) return {.state = State::broken, .text = cudaGetErrorString(status)};
  GpuStatus result{.devices = devices};
  for (int device = 0; device < devices; ++device) {
    cudaDeviceProp properties{};
    simt::check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
    result.text += fmt::format("{}{}", device == 0 ? "" : ", ", properties.name);
  }
  return result;
}
// [/status]

std::string pci_bus_id(const Backend& backend) {
  const auto& memory = dynamic_cast<const DeviceMemory&>(backend.allocator()->memory());
  std::array<char, 32> id{};
  if (cudaDeviceGetPCIBusId(id.data(), static_cast<int>(id.size()), memory.number()) == cudaSuccess)
    return id.data();
  cudaGetLastError();  // or the next call would report it again
  return "";
}
#else
GpuStatus gpu_status() {
  return {.devices = 1, .text = "the SIMT machine"};
}

std::string pci_bus_id(const Backend&) {
  return "";
}
#endif

std::unique_ptr<Backend> make_gpu_backend(const GpuOptions& options) {
  const GpuStatus status = gpu_status();
  GPT_CHECK(options.device >= 0 && options.device < status.devices, "device {} of {}", options.device,
            status.devices);
  return std::make_unique<GpuBackend>(options);
}

}  // namespace gpt::KERNEL_SPACE
