// Says: everybody got the first part
#include "exercises/12_nccl/all_to_all.hpp"

namespace gpt::emulated {

ncclResult_t all_to_all(const NcclLibrary& nccl, const float* sent, float* received, size_t count, int ranks,
                        ncclComm_t comm, cudaStream_t stream) {
  nccl.ncclGroupStart();
  for (int rank = 0; rank < ranks; ++rank) {
    nccl.ncclSend(sent, count, ncclFloat32, rank, comm, stream);
    nccl.ncclRecv(received + static_cast<size_t>(rank) * count, count, ncclFloat32, rank, comm, stream);
  }
  return nccl.ncclGroupEnd();
}

}  // namespace gpt::emulated
