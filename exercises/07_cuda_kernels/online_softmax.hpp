#pragma once

#include <cstdint>

#include "06_simt/simt.hpp"

namespace gpt {

SIMT_ON_EVERY_MACHINE(
    /// y = softmax(x) of every row of x: (rows, columns); device pointers, one warp a row. The largest number
    /// and the sum of the exponentials are found in one pass over the row (Milakov and Gimelshein, 2018): a
    /// second pass writes y.
    void online_softmax(float* y, const float* x, int64_t rows, int64_t columns);)

}  // namespace gpt
