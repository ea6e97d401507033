#pragma once
// The part of NCCL that the book uses, under NCCL's own names, for builds without its header: a stand-in that
// works on the SIMT machine's device memory (chapter 06), between threads or processes of one host. It is
// slow, and strict where NCCL is: ranks whose calls do not fit together wait for each other until they are
// aborted. Not for nvcc.

#include <cstddef>
#include <functional>
#include <memory>

#include "06_simt/runtime.hpp"

namespace gpt {
namespace simt::cuda_names {

/// A stream that works beside the host, as all of a GPU's do: a thread that does one task after the other.
/// Kernels never come here: they run in the streams of chapter 06, where all is done on return.
struct CUstream_st {
  CUstream_st();
  ~CUstream_st();  ///< finishes what was enqueued
  void enqueue(std::function<void()> task);

 private:
  struct Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace simt::cuda_names

namespace nccl_names {

enum ncclResult_t {
  ncclSuccess = 0,
  ncclUnhandledCudaError = 1,
  ncclSystemError = 2,
  ncclInternalError = 3,
  ncclInvalidArgument = 4,
  ncclInvalidUsage = 5,
  ncclRemoteError = 6,
  ncclInProgress = 7
};
enum ncclDataType_t { ncclInt32, ncclFloat32, ncclFloat64, ncclBfloat16 };
enum ncclRedOp_t { ncclSum, ncclMax, ncclAvg };
struct ncclUniqueId {
  char internal[128];
};
struct ncclConfig_t {
  int blocking = 1;
};
#define NCCL_CONFIG_INITIALIZER \
  {}
struct ncclComm;
using ncclComm_t = ncclComm*;

ncclResult_t ncclGetVersion(int* version);
const char* ncclGetErrorString(ncclResult_t result);
const char* ncclGetLastError(ncclComm_t comm);

ncclResult_t ncclGetUniqueId(ncclUniqueId* id);
/// Only with blocking = 0, and at most 16 ranks.
ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank,
                                    ncclConfig_t* config);
/// ncclInProgress until all ranks are there; ncclRemoteError when another one has aborted.
ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* result);
ncclResult_t ncclCommFinalize(ncclComm_t comm);
ncclResult_t ncclCommDestroy(ncclComm_t comm);
/// Ends what is in progress, on this rank; the others are told.
ncclResult_t ncclCommAbort(ncclComm_t comm);

ncclResult_t ncclAllReduce(const void* from, void* to, size_t count, ncclDataType_t type, ncclRedOp_t op,
                           ncclComm_t comm, cudaStream_t stream);
ncclResult_t ncclBroadcast(const void* from, void* to, size_t count, ncclDataType_t type, int root,
                           ncclComm_t comm, cudaStream_t stream);
ncclResult_t ncclReduceScatter(const void* from, void* to, size_t count, ncclDataType_t type, ncclRedOp_t op,
                               ncclComm_t comm, cudaStream_t stream);
ncclResult_t ncclAllGather(const void* from, void* to, size_t count, ncclDataType_t type, ncclComm_t comm,
                           cudaStream_t stream);
/// Done when the other rank has received it all.
ncclResult_t ncclSend(const void* from, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream);
ncclResult_t ncclRecv(void* to, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream);
/// Messages between the two run at the same time.
ncclResult_t ncclGroupStart();
ncclResult_t ncclGroupEnd();

}  // namespace nccl_names
}  // namespace gpt

using namespace gpt::nccl_names;  // NOLINT: as chapter 06 does with CUDA's names
