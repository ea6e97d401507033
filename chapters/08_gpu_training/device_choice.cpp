#include "08_gpu_training/device_choice.hpp"

#include "common/check.hpp"

namespace gpt {
namespace {

template <class... Words>
void require_one_of(const char* option, const std::string& value, Words... words) {
  GPT_REQUIRE(((value == words) || ...), "{} takes {}, not '{}'", option,
              fmt::join(std::vector<std::string>{words...}, ", "), value);
}

}  // namespace

bool built_with_cuda() {
  return GPT_CUDA_KERNELS;
}

GpuStatus cuda_status() {
#if GPT_CUDA_KERNELS
  return cuda::gpu_status();
#else
  return {.state = GpuStatus::State::no_device};
#endif
}

// [sentences]
std::string why_no_gpu(bool built, const GpuStatus& status) {
  if (!built)
    return "this program was built without CUDA: build it again where nvcc is, or choose --device cpu or "
           "simt";
  switch (status.state) {
    case GpuStatus::State::ready:
      return "";
    case GpuStatus::State::no_driver:
      return "there is no NVIDIA driver on this machine: install one, or choose --device cpu or simt";
    case GpuStatus::State::old_driver:
      return fmt::format("the NVIDIA driver of this machine is too old: {}", status.text);
    case GpuStatus::State::no_device:
      return "the NVIDIA driver finds no GPU in this machine (does CUDA_VISIBLE_DEVICES hide it?): choose "
             "--device "
             "cpu or simt";
    case GpuStatus::State::broken:
      break;
  }
  return fmt::format("the GPU cannot be used: {}", status.text);
}
// [/sentences]

void validate(const DeviceChoice& choice) {
  require_one_of("--device", choice.device, "auto", "cuda", "cpu", "simt");
  require_one_of("--precision", choice.precision, "f32", "tf32", "bf16");
  GPT_REQUIRE(choice.precision != "tf32" || choice.device == "auto" || choice.device == "cuda",
              "--precision tf32 is what GPUs can do, not --device {}", choice.device);
}

// [choose]
std::unique_ptr<Backend> make_backend(const DeviceChoice& choice) {
  validate(choice);
  const DType type = choice.precision == "bf16" ? DType::bf16 : DType::f32;
  if (choice.device == "cpu") return make_cpu_backend(type);
  if (choice.device == "simt") return emulated::make_gpu_backend({.compute_type = type});

  const GpuStatus status = cuda_status();
  const std::string missing = why_no_gpu(built_with_cuda(), status);
  if (choice.device == "auto" && !missing.empty() && choice.precision != "tf32")
    return make_cpu_backend(type);
  GPT_REQUIRE(missing.empty(), "--{} needs a GPU, and {}",
              choice.device == "auto" ? "precision tf32" : "device cuda", missing);
#if GPT_CUDA_KERNELS
  return cuda::make_gpu_backend(
      {.compute_type = type, .tf32 = choice.precision == "tf32", .device = choice.rank % status.devices});
#else
  throw Error("a GPU that no kernel was built for");
#endif
}
// [/choose]

std::string pci_bus_id([[maybe_unused]] const Backend& backend) {
#if GPT_CUDA_KERNELS
  if (backend.device() == Device::cuda) return cuda::pci_bus_id(backend);
#endif
  return "";
}

}  // namespace gpt
