#pragma once

#include "06_simt/simt.hpp"

namespace gpt {

SIMT_ON_EVERY_MACHINE(
    /// y = the transpose of x: (n, n), n a multiple of 32; device pointers. Tiles of 32 x 32 numbers go
    /// through exactly 4 KiB of shared memory a block, whole sectors are read and written, and there is no
    /// bank conflict, without padding.
    void swizzled_transpose(float* y, const float* x, int n);)

}  // namespace gpt
