#pragma once
// The last section of the chapter's program: the matmul ladder, measured.

#include <cstdint>

namespace gpt {

/// Multiplies two matrices of size × size by every rung, checks the results, and prints a table of speeds;
/// where `stable` is set, a table of what is the same on every machine.
void show_ladder(int64_t size, bool stable);

}  // namespace gpt
