#pragma once
// Where the memory of a device goes.

#include <string>
#include <vector>

#include "01_tensors/allocator.hpp"

namespace gpt {

/// What is held from the first step to the last.
struct MemoryKind {
  std::string name;
  int64_t bytes = 0;
};

/// A table of the kinds, of what came on top of them at the peak (activations and scratch memory), and of
/// what the allocator has taken and keeps.
std::string memory_report(const std::vector<MemoryKind>& kinds, const AllocatorStatistics& statistics);

/// "512 B", "1.50 MB", "140 GB": three digits, in powers of 1000.
std::string bytes_text(int64_t bytes);

}  // namespace gpt
