#pragma once

#include "12_nccl/nccl_library.hpp"

namespace gpt::emulated {

/// Everybody to everybody: of `sent`, part r goes to rank r, and part r of `received` comes from rank r; on p
/// ranks both hold p parts of `count` floats, on the device. They do not overlap. Enqueued in `stream`, like
/// every collective; returns the first answer of NCCL that is neither ncclSuccess nor ncclInProgress, else
/// that of ncclGroupEnd().
ncclResult_t all_to_all(const NcclLibrary& nccl, const float* sent, float* received, size_t count, int ranks,
                        ncclComm_t comm, cudaStream_t stream);

}  // namespace gpt::emulated
