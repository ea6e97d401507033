#pragma once

#include <cstdint>

#include "06_simt/simt.hpp"

namespace gpt {

SIMT_ON_EVERY_MACHINE(
    /// sums[r] = the sum of row r of x: (rows, columns), one warp a row, for any number of columns, without
    /// shared memory. Device pointers.
    void row_sums(float* sums, const float* x, int64_t rows, int64_t columns);)

}  // namespace gpt
