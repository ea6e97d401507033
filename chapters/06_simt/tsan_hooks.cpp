// What the compiler calls before each load and store of a checked kernel.
//
// With -fsanitize=thread a compiler puts a call of __tsan_read4(address) before every load of four bytes, and
// so on. ThreadSanitizer's library would supply these functions. It is not linked: these are ours, and they
// know what it could not: blocks, barriers and shared memory.

#include "06_simt/block.hpp"

namespace gpt::simt::detail {

static void access(const void* instruction, const void* address, size_t bytes, bool write) {
  if (now.in_kernel) now.block->launch().observer->access(instruction, address, bytes, write);
}

}  // namespace gpt::simt::detail

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

// [hooks]
#define HOOK(name, bytes, write)                                             \
  void name(void* p) {                                                       \
    gpt::simt::detail::access(__builtin_return_address(0), p, bytes, write); \
  }
#define HOOKS(bytes) HOOK(__tsan_read##bytes, bytes, false) HOOK(__tsan_write##bytes, bytes, true)
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
// [/hooks]
#define UNALIGNED_HOOKS(bytes) \
  HOOK(__tsan_unaligned_read##bytes, bytes, false) HOOK(__tsan_unaligned_write##bytes, bytes, true)
UNALIGNED_HOOKS(2)
UNALIGNED_HOOKS(4) UNALIGNED_HOOKS(8) UNALIGNED_HOOKS(16)

    void __tsan_read_range(void* p, size_t n) {
  gpt::simt::detail::access(__builtin_return_address(0), p, n, false);
}
void __tsan_write_range(void* p, size_t n) {
  gpt::simt::detail::access(__builtin_return_address(0), p, n, true);
}
}
