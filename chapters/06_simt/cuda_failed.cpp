// Apart from the header that declares it, so that files of kernels need not read {fmt}'s headers.

#include "common/check.hpp"

namespace gpt::simt::detail {

[[noreturn]] void cuda_failed(const char* what, const char* why);

void cuda_failed(const char* what, const char* why) {
  throw Error(fmt::format("{}: {}", what, why));
}

}  // namespace gpt::simt::detail
