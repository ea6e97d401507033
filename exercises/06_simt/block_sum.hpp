#pragma once

#include <cstdint>

#include "06_simt/simt.hpp"

namespace gpt {

SIMT_ON_EVERY_MACHINE(
    /// sums[b] = the sum of x[256 b] … x[256 b + 255], as far as n goes. Device pointers.
    void block_sums(float* sums, const float* x, int64_t n);)

}  // namespace gpt
