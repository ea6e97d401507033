#pragma once
// The namespace that a file of kernels is built in, see simt.hpp.
#ifndef KERNEL_SPACE
#define KERNEL_SPACE emulated
#endif

// Inline code that kernels call is compiled again in each build, and the linker must not take the one for the
// other. So it lives in inline namespaces: gpt::simt::launch is gpt::simt::for_emulated::launch, and so on.
#define SIMT_PASTE_NOW(a, b) a##b
#define SIMT_PASTE(a, b) SIMT_PASTE_NOW(a, b)
#define FOR_KERNEL_SPACE SIMT_PASTE(for_, KERNEL_SPACE)
