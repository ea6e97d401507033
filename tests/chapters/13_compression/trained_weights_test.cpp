// Trained models in fewer bytes: what rounding and pruning may change, and what not.
#include "13_compression/trained_weights.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "01_tensors/philox.hpp"
#include "05_gpt/gpt.hpp"

namespace gpt {
namespace {

std::vector<float> normal_numbers(size_t n) {
  const RandomStream random(1, RandomUse::example);
  std::vector<float> numbers(n);
  for (size_t i = 0; i < n; ++i) numbers[i] = random.normal(i);
  return numbers;
}

TEST(QuantiseRows, MovesNoNumberByMoreThanHalfAScale) {
  constexpr int64_t rows = 9, columns = 33;
  std::vector<float> matrix = normal_numbers(rows * columns);
  for (int64_t i = 0; i < columns; ++i)
    matrix[static_cast<size_t>(3 * columns + i)] *= 1e-6f;  // a row of small numbers
  for (int64_t i = 0; i < columns; ++i) matrix[static_cast<size_t>(5 * columns + i)] = 0;
  const Int8Matrix code = quantise_rows(matrix, rows, columns);
  std::vector<float> back(matrix.size());
  dequantise(code, back);
  for (int64_t row = 0; row < rows; ++row) {
    const float scale = code.scales[static_cast<size_t>(row)];
    float largest = 0;
    for (int64_t i = row * columns; i < (row + 1) * columns; ++i) {
      const auto k = static_cast<size_t>(i);
      EXPECT_LE(std::abs(matrix[k] - back[k]), 0.5001f * scale);
      largest = std::max(largest, std::abs(matrix[k]));
    }
    EXPECT_FLOAT_EQ(scale, largest / 127);
  }
  EXPECT_EQ(code.bytes(), rows * columns + 4 * rows);
  std::vector<float> again(back.size());
  dequantise(quantise_rows(back, rows, columns), again);
  EXPECT_EQ(again, back) << "rounded twice is rounded once";
}

TEST(PruneSmallest, SetsTheSmallestToZeroAndLeavesTheRest) {
  const std::vector<float> before = normal_numbers(1000);
  for (const double sparsity : {0.0, 0.001, 0.5, 0.9, 1.0}) {
    std::vector<float> after = before;
    const auto count = static_cast<size_t>(std::llround(sparsity * 1000));
    EXPECT_EQ(prune_smallest(after, sparsity), static_cast<int64_t>(count));
    float largest_gone = 0, smallest_kept = 1e9f;
    for (size_t i = 0; i < before.size(); ++i) {
      if (after[i] == 0) {
        largest_gone = std::max(largest_gone, std::abs(before[i]));
      } else {
        EXPECT_EQ(after[i], before[i]);
        smallest_kept = std::min(smallest_kept, std::abs(before[i]));
      }
    }
    EXPECT_LE(largest_gone, smallest_kept);
    EXPECT_EQ(std::count(after.begin(), after.end(), 0.0f), static_cast<std::ptrdiff_t>(count));
  }
}

TEST(PruneSmallest, TakesTheEarlierOfEquals) {
  std::vector<float> values{1, -1, 2, 1, 0};
  EXPECT_EQ(prune_smallest(values, 0.6), 2) << "one of the three was zero before";
  EXPECT_EQ(values, (std::vector<float>{0, 0, 2, 1, 0}));
}

TEST(TrainedWeights, CountTheBytesOfMatricesAndLeaveVectorsAlone) {
  const auto backend = make_cpu_backend();
  const GptConfig shape{.layers = 1, .heads = 2, .width = 8, .context = 4, .vocabulary = 16};
  Gpt model(shape, *backend, 1);
  ParameterStore& parameters = model.parameters();
  const int64_t count = parameters.parameter_count();
  const int64_t rows = 16 + 4 + 24 + 8 + 32 + 8, numbers = 8 * (16 + 4 + 24 + 8) + 8 * 32 + 32 * 8;
  const SmallerModel bytes = round_to_int8(parameters);
  EXPECT_EQ(bytes.bytes_before, 4 * count);
  EXPECT_EQ(bytes.matrix_numbers, numbers);
  EXPECT_EQ(bytes.bytes, numbers + 4 * rows + 4 * (count - numbers));
  const SmallerModel pruned = prune(parameters, 0.75);
  EXPECT_GE(pruned.zeros, numbers * 3 / 4);
  for (const Parameter& p : parameters.parameters()) {
    if (p.shape.rank() != 1 || !p.name.ends_with("weight")) continue;
    const auto values = parameters.values().span<float>().subspan(static_cast<size_t>(p.offset),
                                                                  static_cast<size_t>(p.elements));
    for (const float x : values) EXPECT_EQ(x, 1.0f) << p.name << " is no matrix";
  }
}

}  // namespace
}  // namespace gpt
