#pragma once
// The doors to this chapter, which need no header of CUDA or NCCL.

#include <memory>
#include <string>

#include "06_simt/simt.hpp"
#include "09_averaging/communicator.hpp"

namespace gpt {

// [doors]
/// What makes a group of ranks: rank 0's id, and who this one is among them.
struct NcclPlace {
  std::string id;
  int rank = 0, size = 1;
  double deadline = 60;  ///< seconds of the longest wait for other ranks
};

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// For rank 0, which shares it with the others (bootstrap.hpp). Throws UserError where there is no NCCL.
std::string new_nccl_id();
/// `memory` is the device's: that of a backend (chapter 08), or make_device_memory(). Collective.
std::unique_ptr<Communicator> make_nccl_communicator(const NcclPlace& place, std::shared_ptr<Allocator> memory);
/// Memory of a device that no backend uses; the device becomes this thread's.
std::shared_ptr<Allocator> make_device_memory(int device);
/// "2.28.9", or "the stand-in".
std::string nccl_version();
)
// clang-format on
// [/doors]

// The same, for the machine of `device`: cuda's, or the SIMT machine's.
std::string new_nccl_id(Device device);
std::unique_ptr<Communicator> make_nccl_communicator(const NcclPlace& place,
                                                     std::shared_ptr<Allocator> memory);
std::shared_ptr<Allocator> make_device_memory(Device device, int number);
std::string nccl_version(Device device);

/// True when this program was compiled against NCCL's header.
bool built_with_nccl();
/// Why NCCL cannot be used, as the end of a sentence; "" when it can: there is a GPU, and its library.
std::string why_no_nccl();
/// Several ranks on one GPU want each to be taken for a host of its own, and to talk over sockets: NCCL
/// refuses otherwise. Sets NCCL's environment for that, where `ranks_here` is more than the GPUs. Before the
/// first call of NCCL. It is right, and slow.
void allow_ranks_to_share_a_gpu(int rank, int ranks_here, int gpus);

}  // namespace gpt
