#include "06_simt/fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "06_simt/names.hpp"
#include "common/check.hpp"

#ifdef SIMT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

// simt_switch(where to leave my stack pointer, the stack pointer to take up)
extern "C" void simt_switch(void** save, void* load);

#if defined(__x86_64__)
// [switch]
asm(R"(
    .text
    .globl simt_switch
    .type simt_switch, @function
simt_switch:
    pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
    popq %rcx
    jmp *%rcx
    .size simt_switch, . - simt_switch
)");
// [/switch]
constexpr int saved_words = 8,
              return_word = 6;  // six registers, the address to go on at, and that one's caller: none
#elif defined(__aarch64__)
asm(R"(
    .text
    .globl simt_switch
    .type simt_switch, %function
simt_switch:
    stp x29, x30, [sp, #-160]!
    stp x19, x20, [sp, #16];  stp x21, x22, [sp, #32];  stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64];  stp x27, x28, [sp, #80]
    stp d8, d9, [sp, #96];  stp d10, d11, [sp, #112];  stp d12, d13, [sp, #128];  stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #16];  ldp x21, x22, [sp, #32];  ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64];  ldp x27, x28, [sp, #80]
    ldp d8, d9, [sp, #96];  ldp d10, d11, [sp, #112];  ldp d12, d13, [sp, #128];  ldp d14, d15, [sp, #144]
    ldp x29, x30, [sp], #160
    ret
    .size simt_switch, . - simt_switch
)");
constexpr int saved_words = 20, return_word = 1;  // x19 to x30 and d8 to d15; x30 is the address to go on at
#else
#error "simt_switch: the switch of fibers is written for x86-64 and aarch64 only"
#endif

namespace gpt::simt {
namespace {

const size_t page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
#ifdef SIMT_ADDRESS_SANITIZER
constexpr size_t stack_bytes = 256 * 1024;  // its frames are larger
#else
constexpr size_t stack_bytes = 64 * 1024;
#endif

}  // namespace

// [new_fiber]
Fiber::Fiber(int number, void (*entry)()) {
  void* memory = mmap(nullptr, page_bytes + stack_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  GPT_CHECK(memory != MAP_FAILED, "no memory for the stack of fiber {}", number);
  memory_ = static_cast<std::byte*>(memory);
  mprotect(memory_, page_bytes,
           PROT_NONE);  // a stack that grows too far ends the program, and overwrites nothing
  begin_ = memory_ + page_bytes;
#ifdef SIMT_ADDRESS_SANITIZER
  __asan_unpoison_memory_region(begin_, stack_bytes);  // an abandoned stack may have been here
#endif
  // Tops at different distances from a page: else the busiest lines of all stacks share a few sets of the
  // cache.
  std::byte* top = memory_ + page_bytes + stack_bytes - static_cast<size_t>(number % 31) * 128;
  end_ = top;
  void** words = reinterpret_cast<void**>(top) - 2 - saved_words;  // as if this fiber had called simt_switch
  std::fill_n(words, saved_words, nullptr);
  words[return_word] = reinterpret_cast<void*>(entry);
  stack_pointer_ = words;
}
// [/new_fiber]

Fiber::~Fiber() {
  if (memory_) munmap(memory_, page_bytes + stack_bytes);
}

#ifdef SIMT_ADDRESS_SANITIZER
void Fiber::switch_to(Fiber& other) {
  other.came_from_ = this;
  __sanitizer_start_switch_fiber(&fake_stack_, other.begin_, static_cast<size_t>(other.end_ - other.begin_));
  simt_switch(&stack_pointer_, other.stack_pointer_);
  entered();
}

void Fiber::entered() {
  const void* begin = nullptr;
  size_t bytes = 0;
  __sanitizer_finish_switch_fiber(fake_stack_, &begin, &bytes);
  came_from_->begin_ = static_cast<const std::byte*>(begin);  // news for the stack that no Fiber made
  came_from_->end_ = came_from_->begin_ + bytes;
}
#else
void Fiber::switch_to(Fiber& other) {
  simt_switch(&stack_pointer_, other.stack_pointer_);
}
void Fiber::entered() {}
#endif

}  // namespace gpt::simt
