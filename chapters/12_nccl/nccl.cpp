#include "12_nccl/nccl.hpp"

#include <cstdlib>

#include "08_gpu_training/device_choice.hpp"
#include "common/check.hpp"

namespace gpt {

bool built_with_nccl() {
  return GPT_NCCL;
}

// [why]
std::string why_no_nccl() {
  if (!built_with_cuda())
    return "this program was built without CUDA: build it again where nvcc is, or choose --comm mpi";
  if (!built_with_nccl())
    return "this program was built without NCCL: build it again where nccl.h is, or choose --comm mpi";
  const std::string no_gpu = why_no_gpu(true, cuda_status());
  if (!no_gpu.empty()) return no_gpu;
#if GPT_NCCL
  try {
    cuda::nccl_version();
  } catch (const UserError& error) {
    return error.what();
  }
#endif
  return "";
}
// [/why]

namespace {

// The call in the namespace of the device's machine.
#if GPT_NCCL
#define GPT_ON_DEVICE(device, call) ((device) == Device::cuda ? cuda::call : emulated::call)
#else
#define GPT_ON_DEVICE(device, call) (require_simt(device), emulated::call)
void require_simt(Device device) {
  GPT_CHECK(device == Device::simt, "no NCCL was compiled in for {}", name_of(device));
}
#endif

}  // namespace

std::string new_nccl_id(Device device) {
  return GPT_ON_DEVICE(device, new_nccl_id());
}

std::unique_ptr<Communicator> make_nccl_communicator(const NcclPlace& place,
                                                     std::shared_ptr<Allocator> memory) {
  const Device device = memory->device();
  return GPT_ON_DEVICE(device, make_nccl_communicator(place, std::move(memory)));
}

std::shared_ptr<Allocator> make_device_memory(Device device, int number) {
  return GPT_ON_DEVICE(device, make_device_memory(number));
}

std::string nccl_version(Device device) {
  return GPT_ON_DEVICE(device, nccl_version());
}

// [share_gpu]
void allow_ranks_to_share_a_gpu(int rank, int ranks_here, int gpus) {
  if (ranks_here <= gpus) return;
  const auto set = [](const char* name, const std::string& value) { ::setenv(name, value.c_str(), 0); };
  set("NCCL_HOSTID", "rank" + std::to_string(rank));
  set("NCCL_NET", "Socket");
  set("NCCL_SOCKET_IFNAME", "lo");
  for (const char* off : {"NCCL_IB_DISABLE", "NCCL_P2P_DISABLE", "NCCL_SHM_DISABLE"}) set(off, "1");
  set("NCCL_NVLS_ENABLE", "0");
  set("NCCL_ALGO", "Ring");
  set("NCCL_PROTO", "Simple");
}
// [/share_gpu]

}  // namespace gpt
