#pragma once
// NCCL as a table of functions: NCCL's own, loaded when the program runs, or the stand-in's. So one program
// runs where there is no NCCL, and a test can put a function of its own in the place of any other.

#ifdef SIMT_USE_CUDA
#include <nccl.h>
#else
#include "12_nccl/nccl_names.hpp"
#endif

#include <string>

#include "06_simt/simt.hpp"
#include "common/check.hpp"

namespace gpt::KERNEL_SPACE {

// [library]
// clang-format off
#define GPT_NCCL_FUNCTIONS(F)                                                           \
  F(ncclGetVersion) F(ncclGetErrorString) F(ncclGetLastError)                           \
  F(ncclGetUniqueId) F(ncclCommInitRankConfig) F(ncclCommFinalize) F(ncclCommDestroy)   \
  F(ncclCommGetAsyncError) F(ncclCommAbort)                                             \
  F(ncclAllReduce) F(ncclBroadcast) F(ncclReduceScatter) F(ncclAllGather)               \
  F(ncclSend) F(ncclRecv) F(ncclGroupStart) F(ncclGroupEnd)
// clang-format on

struct NcclLibrary {
#define GPT_NCCL_MEMBER(name) decltype(&::name) name = nullptr;
  GPT_NCCL_FUNCTIONS(GPT_NCCL_MEMBER)
#undef GPT_NCCL_MEMBER
};

/// The real one in namespace gpt::cuda, the stand-in in gpt::emulated. Throws UserError, one sentence, when
/// the real one is not on this machine.
const NcclLibrary& nccl_library();
// [/library]

/// Throws Error with the call, NCCL's words and what NCCL last complained of, unless `result` is ncclSuccess,
/// or ncclInProgress: the answer of a communicator that does not block (nccl_group.hpp).
void check_nccl(const NcclLibrary& library, ncclResult_t result, const char* call, const char* file,
                int line);
/// "unhandled system error: Call to bind failed"
std::string nccl_words(const NcclLibrary& library, ncclResult_t result);

}  // namespace gpt::KERNEL_SPACE

/// NCCL_CHECK(library, ncclGetUniqueId(&id)): the family of MPI_CHECK (chapter 10).
#define NCCL_CHECK(library, call) \
  ::gpt::KERNEL_SPACE::check_nccl((library), (library).call, #call, __FILE__, __LINE__)
