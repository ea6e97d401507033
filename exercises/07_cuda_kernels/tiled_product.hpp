#pragma once

#include "06_simt/simt.hpp"

namespace gpt {

SIMT_ON_EVERY_MACHINE(
    /// C = A · B with tiles of 16 x 16 numbers in shared memory: each block of 16 x 16 threads computes one
    /// tile of C. a: (m, k), b: (k, n), c: (m, n), row-major, of any size; device pointers.
    void tiled_product(float* c, const float* a, const float* b, int m, int n, int k);)

}  // namespace gpt
