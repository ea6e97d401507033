#pragma once
// The chapter's kernels, with one mistake each.

#include "06_simt/simt.hpp"

namespace gpt::KERNEL_SPACE {

/// Launches the kernel of this name; throws Error if the mistake is noticed.
void launch_mutant(const char* name);
/// The same for those of rows, tables, attention, and the few of many.
void launch_row_mutant(const char* name);
void launch_attention_mutant(const char* name);
void launch_sparse_mutant(const char* name);

}  // namespace gpt::KERNEL_SPACE
