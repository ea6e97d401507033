#pragma once
// A model that has been trained, in fewer bytes: its matrices in int8, or with their smallest numbers set to
// zero.

#include <cstdint>
#include <span>
#include <vector>

#include "03_optimizers/parameter_store.hpp"

namespace gpt {

/// A matrix whose every row is `codes · scale`: one byte a number, and one scale a row.
struct Int8Matrix {
  int64_t rows = 0, columns = 0;
  std::vector<int8_t> codes;  ///< rows × columns, -127 … 127
  std::vector<float> scales;  ///< rows

  int64_t bytes() const { return rows * columns + rows * static_cast<int64_t>(sizeof(float)); }
};

/// Each row by its own largest size ("absmax"): scale = max|x| / 127, code = x / scale, rounded to the
/// nearest. No number moves by more than half a scale. `matrix` holds rows × columns numbers, which must be
/// finite.
Int8Matrix quantise_rows(std::span<const float> matrix, int64_t rows, int64_t columns);
/// The numbers that the codes stand for, over `matrix`.
void dequantise(const Int8Matrix& code, std::span<float> matrix);

/// Sets the share `sparsity` (0 … 1) of the numbers that are smallest in size to zero: round(sparsity · n) of
/// them, the earlier ones of equals. Returns how many it set that were not zero.
int64_t prune_smallest(std::span<float> values, double sparsity);

/// What became of a model.
struct SmallerModel {
  int64_t bytes_before = 0;  ///< in f32
  int64_t bytes = 0;         ///< of codes and scales, and of what stays in f32
  int64_t matrix_numbers = 0, zeros = 0;
};

/// Rounds every matrix of the model to int8 and back; vectors (biases, norms) stay. The model still computes
/// in f32: what is smaller is what has to be stored, or read from memory by a program that multiplies bytes.
SmallerModel round_to_int8(ParameterStore& parameters);

/// Prunes every matrix of the model by itself. What is saved depends on how zeros are stored: `bytes` counts
/// a bit for each number, and four bytes for each that is not zero.
SmallerModel prune(ParameterStore& parameters, double sparsity);

}  // namespace gpt
