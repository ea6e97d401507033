#include "exercises/12_nccl/all_to_all.hpp"

namespace gpt::emulated {

ncclResult_t all_to_all(const NcclLibrary& nccl, const float* sent, float* received, size_t count, int ranks,
                        ncclComm_t comm, cudaStream_t stream) {
  ncclResult_t first = ncclSuccess;
  const auto note = [&](ncclResult_t answer) {
    if (first == ncclSuccess && answer != ncclInProgress) first = answer;
  };
  note(nccl.ncclGroupStart());
  for (int rank = 0; rank < ranks; ++rank) {
    const size_t part = static_cast<size_t>(rank) * count;  // pointers to float count in floats
    note(nccl.ncclSend(sent + part, count, ncclFloat32, rank, comm, stream));
    note(nccl.ncclRecv(received + part, count, ncclFloat32, rank, comm, stream));
  }
  const ncclResult_t end = nccl.ncclGroupEnd();  // in any case: or the next call would still be in the group
  return first == ncclSuccess ? end : first;
}

}  // namespace gpt::emulated
