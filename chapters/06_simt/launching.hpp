#pragma once
// Between the machine and the checker.

#include "06_simt/block.hpp"

namespace gpt::simt::detail {

/// Runs all blocks of a grid. Throws Error for an impossible configuration and for what the kernel does
/// wrong.
void run_blocks(const Launch& launch);

}  // namespace gpt::simt::detail
