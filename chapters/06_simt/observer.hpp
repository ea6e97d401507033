#pragma once
// How the checker watches the machine. Kernels see nothing of this.

#include <cstddef>
#include <string>

#include "06_simt/machine.hpp"

namespace gpt::simt::detail {

class Block;

/// Told of what happens in a launch, by the thread of the system that runs it.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void begin_block(const Block& block) = 0;
  /// All its threads have returned. May blame one of them.
  virtual void end_block() = 0;
  /// All threads of the block are ordered by a barrier. May blame one of them; the caller then abandons the
  /// block.
  virtual void block_barrier() = 0;
  /// The lanes in `mask` of a warp are ordered by __syncwarp.
  virtual void warp_barrier(int warp, unsigned mask) = 0;
  /// A kernel reads or writes; `instruction` is the return address of the call that says so.
  virtual void access(const void* instruction, const void* address, size_t bytes, bool write) = 0;
  virtual void atomic(const void* address, size_t bytes, Where where) = 0;
};

/// What is running on this thread of the system.
struct Now {
  Block* block = nullptr;
  bool in_kernel = false;  // in the code of a kernel, not of the machine
  unsigned number = 0;     // of the block in its grid
  unsigned thread = 0;     // of the thread in its block
  const std::byte *stack_begin = nullptr, *stack_end = nullptr;
  const std::byte *shared_begin = nullptr, *shared_end = nullptr;  // dynamic shared memory
};
inline thread_local constinit Now now{};

}  // namespace gpt::simt::detail
