#pragma once
// A few numbers of many: which they are, taken out of a row, and added to another. What top-k and random-k of
// chapter 13 send instead of a gradient. All pointers are device pointers, n and k below 2³¹.

#include "01_tensors/philox.hpp"
#include "07_cuda_kernels/compress.hpp"

namespace gpt {

/// 0: the k-th largest size, bit by bit. 1: by digits of ten bits.
constexpr int select_rungs = 2;

// [drawn]
/// One index out of part `part` of k nearly equal parts of 0 … n-1, drawn by Philox at `first` + part.
constexpr int64_t drawn_index(const RoundingKey& key, uint64_t first, int64_t n, int64_t k, int64_t part) {
  const int64_t begin = n * part / k;
  const auto size = static_cast<uint64_t>(n * (part + 1) / k - begin);
  const auto random = philox(key.key, key.high, first + static_cast<uint64_t>(part));
  // The upper word of 64 random bits times size (Lemire 2019), in two halves, since size is below 2³¹.
  return begin + static_cast<int64_t>((random[0] * size + (random[1] * size >> 32)) >> 32);
}
// [/drawn]

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// positions = first + the indices of the k largest |x|, in order; of equal ones those in front. A NaN is larger than
/// everything. 1 ≤ k ≤ n. `scratch`: select_scratch_bytes(n) of device memory. The same on every machine.
void select_largest(int32_t* positions, const float* x, int64_t n, int64_t k, int32_t first, void* scratch,
                    int rung = select_rungs - 1, Stream stream = nullptr);
size_t select_scratch_bytes(int64_t n);
/// positions[i] = first + drawn_index(key, first, n, k, i).
void draw_positions(int32_t* positions, int64_t n, int64_t k, int32_t first, const RoundingKey& key,
                    Stream stream = nullptr);

/// values[i] = x[positions[i]], which then becomes 0. No position comes twice.
void take_at(float* values, float* x, const int32_t* positions, int64_t k, Stream stream = nullptr);
/// sums[positions[i]] += values[i]. No position comes twice.
void add_at(float* sums, const int32_t* positions, const float* values, int64_t k, Stream stream = nullptr);
)
// clang-format on

}  // namespace gpt
