#pragma once
// Kernels with known patterns of access.

#include <cstdint>

#include "06_simt/simt.hpp"

namespace gpt::KERNEL_SPACE {

enum class Pattern {
  floats,         // neighbouring floats
  later,          // the same, beginning one float later
  every_second,   // every second float
  every_eighth,   // every 8th float
  same,           // all the same float
  quads,          // float4
  bytes,          // neighbouring bytes
  half_warps,     // floats, by every second lane only
  shared_rows,    // shared memory, neighbouring words
  shared_column,  // a column of 32-word rows
  shared_padded,  // a column of 33-word rows
  shared_pairs,   // every second word
  shared_same,    // all the same word
  shared_quads,   // float4
};
/// One block of 64 threads loads from x, or from shared memory, as the pattern says.
void load(Pattern pattern, const float* x, float* out);

/// c = a · b, bf16 (16, 16) each, c in f32: by a warp's tensor cores. b is given by columns if `by_columns`.
void wmma_product(bool by_columns, const uint16_t* a, const uint16_t* b, float* c);
/// out[i] = bf16(x[i]), as bits.
void round_to_bf16(int n, const float* x, uint16_t* out);

}  // namespace gpt::KERNEL_SPACE
