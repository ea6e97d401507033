#pragma once

#include <cstdint>

#include "06_simt/simt.hpp"

namespace gpt {

SIMT_ON_EVERY_MACHINE(
    /// Quantises x, n numbers, in blocks of 256: scales[b] = the largest |x| of block b / 127, and packed[i]
    /// = x[i] / scale of its block, rounded to nearest. A block of zeros has the scale 0 and zeros. One block
    /// of 256 threads for each; the last may be cut off. Device pointers.
    void absmax_int8(int8_t* packed, float* scales, const float* x, int64_t n);)

}  // namespace gpt
