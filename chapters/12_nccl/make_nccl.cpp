#include "12_nccl/nccl.hpp"
#include "12_nccl/nccl_communicator.hpp"

namespace gpt::KERNEL_SPACE {

std::string new_nccl_id() {
  return NcclGroup::new_id(nccl_library());
}

std::unique_ptr<Communicator> make_nccl_communicator(const NcclPlace& place,
                                                     std::shared_ptr<Allocator> memory) {
  return std::make_unique<NcclCommunicator>(nccl_library(), place.id, place.rank, place.size,
                                            std::move(memory), place.deadline);
}

std::shared_ptr<Allocator> make_device_memory(int device) {
  return std::make_shared<CachingAllocator>(std::make_shared<DeviceMemory>(device));
}

std::string nccl_version() {
  int version = 0;
  NCCL_CHECK(nccl_library(), ncclGetVersion(&version));
  if (version == 0) return "the stand-in";
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

}  // namespace gpt::KERNEL_SPACE
