#pragma once

#include "06_simt/simt.hpp"

namespace gpt {

SIMT_ON_EVERY_MACHINE(
    // Three kernels for one block of 256 threads, x and y: 256 numbers.

    /// y = x with the order reversed.
    void reversed(float* y, const float* x);
    /// y[t] = x[t] + x[t + 1], and the last one x[255] + x[0].
    void neighbour_sums(float* y, const float* x);
    /// y[t] = the largest of the numbers of t's warp.
    void warp_maxima(float* y, const float* x);)

}  // namespace gpt
