#include "12_nccl/nccl_library.hpp"

#include <dlfcn.h>

namespace gpt::KERNEL_SPACE {

#ifdef SIMT_USE_CUDA
namespace {

// [load]
NcclLibrary load_nccl() {
  void* const file = ::dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
  GPT_REQUIRE(file != nullptr,
              "NCCL is not on this machine ({}): install it, or add its folder to LD_LIBRARY_PATH, or choose "
              "--comm mpi",
              ::dlerror());
  NcclLibrary library;
#define GPT_NCCL_LOAD(name)                                                      \
  library.name = reinterpret_cast<decltype(library.name)>(::dlsym(file, #name)); \
  GPT_REQUIRE(library.name != nullptr, "NCCL on this machine has no {}: it is too old", #name);
  GPT_NCCL_FUNCTIONS(GPT_NCCL_LOAD)
#undef GPT_NCCL_LOAD
  return library;
}
// [/load]

}  // namespace
#else
namespace {

NcclLibrary load_nccl() {
  NcclLibrary library;
#define GPT_NCCL_TAKE(name) library.name = &::name;
  GPT_NCCL_FUNCTIONS(GPT_NCCL_TAKE)
#undef GPT_NCCL_TAKE
  return library;
}

}  // namespace
#endif

const NcclLibrary& nccl_library() {
  static const NcclLibrary library = load_nccl();  // stays until the program ends
  return library;
}

std::string nccl_words(const NcclLibrary& library, ncclResult_t result) {
  const std::string last = library.ncclGetLastError(nullptr);
  return fmt::format("{}{}{}", library.ncclGetErrorString(result), last.empty() ? "" : ": ", last);
}

void check_nccl(const NcclLibrary& library, ncclResult_t result, const char* call, const char* file,
                int line) {
  if (result == ncclSuccess || result == ncclInProgress) return;
  gpt::detail::check_failed(file, line, call, nccl_words(library, result));
}

}  // namespace gpt::KERNEL_SPACE
