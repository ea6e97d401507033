#pragma once
// A fiber: a function call that can be set aside half-way and taken up again, because it has a stack of its
// own.

#include <cstddef>

namespace gpt::simt {

class Fiber {
 public:
  /// The stack that the caller is already on.
  Fiber() = default;
  /// A new stack, on which `entry` starts at the first switch to it. `entry` calls entered() first and never
  /// returns. `number` says which of its thread's fibers this is. Throws Error when there is no memory.
  Fiber(int number, void (*entry)());
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Sets this fiber aside and goes on in `other`. Returns when somebody switches back to this one.
  void switch_to(Fiber& other);
  void entered();

  const std::byte* stack_begin() const { return begin_; }
  const std::byte* stack_end() const { return end_; }

 private:
  void* stack_pointer_ = nullptr;
  std::byte* memory_ = nullptr;  // a page that nobody may touch, then the stack
  const std::byte *begin_ = nullptr, *end_ = nullptr;
  // AddressSanitizer must be told of every switch.
  Fiber* came_from_ = nullptr;
  void* fake_stack_ = nullptr;
};

}  // namespace gpt::simt
