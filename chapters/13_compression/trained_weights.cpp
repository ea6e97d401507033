#include "13_compression/trained_weights.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/check.hpp"

namespace gpt {
namespace {

/// Calls visit(numbers, rows, columns) with every matrix, and counts what is no matrix.
template <class Visit>
SmallerModel over_matrices(ParameterStore& parameters, Visit&& visit) {
  SmallerModel model;
  const Tensor values = parameters.values().host();  // a copy, unless they lie there
  for (const Parameter& p : parameters.parameters()) {
    const int64_t bytes = p.elements * static_cast<int64_t>(sizeof(float));
    model.bytes_before += bytes;
    if (p.shape.rank() != 2) {
      model.bytes += bytes;
      continue;
    }
    const std::span<float> numbers =
        values.span<float>().subspan(static_cast<size_t>(p.offset), static_cast<size_t>(p.elements));
    visit(model, numbers, p.shape[0], p.shape[1]);
    model.matrix_numbers += p.elements;
    model.zeros += std::count(numbers.begin(), numbers.end(), 0.0f);
  }
  if (parameters.values().device() != Device::cpu) parameters.values().copy_from(values);
  parameters.refresh_compute_copy();
  return model;
}

}  // namespace

// [int8]
Int8Matrix quantise_rows(std::span<const float> matrix, int64_t rows, int64_t columns) {
  GPT_CHECK_EQ(static_cast<int64_t>(matrix.size()), rows * columns);
  Int8Matrix code{rows, columns, std::vector<int8_t>(matrix.size()),
                  std::vector<float>(static_cast<size_t>(rows))};
  for (int64_t row = 0; row < rows; ++row) {
    const auto from = matrix.subspan(static_cast<size_t>(row * columns), static_cast<size_t>(columns));
    float largest = 0;
    for (const float x : from) largest = std::max(largest, std::abs(x));
    GPT_CHECK(std::isfinite(largest), "row {} is not finite", row);
    const float scale = largest / 127;
    code.scales[static_cast<size_t>(row)] = scale;
    int8_t* to = code.codes.data() + row * columns;
    for (const float x : from)
      *to++ = static_cast<int8_t>(scale > 0 ? std::lrint(std::clamp(x / scale, -127.0f, 127.0f)) : 0);
  }
  return code;
}
// [/int8]

void dequantise(const Int8Matrix& code, std::span<float> matrix) {
  GPT_CHECK_EQ(matrix.size(), code.codes.size());
  for (size_t i = 0; i < matrix.size(); ++i)
    matrix[i] = static_cast<float>(code.codes[i]) * code.scales[i / static_cast<size_t>(code.columns)];
}

// [prune]
int64_t prune_smallest(std::span<float> values, double sparsity) {
  GPT_CHECK(sparsity >= 0 && sparsity <= 1, "a sparsity of {}", sparsity);
  const auto count = static_cast<size_t>(std::llround(sparsity * static_cast<double>(values.size())));
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto smaller = [&](size_t a, size_t b) {
    const float x = std::abs(values[a]), y = std::abs(values[b]);
    return x < y || (x == y && a < b);
  };
  if (count < order.size())
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(), smaller);
  int64_t changed = 0;
  for (size_t i = 0; i < count; ++i) {
    changed += values[order[i]] != 0;
    values[order[i]] = 0;
  }
  return changed;
}
// [/prune]

SmallerModel round_to_int8(ParameterStore& parameters) {
  return over_matrices(parameters,
                       [](SmallerModel& model, std::span<float> numbers, int64_t rows, int64_t columns) {
                         const Int8Matrix code = quantise_rows(numbers, rows, columns);
                         dequantise(code, numbers);
                         model.bytes += code.bytes();
                       });
}

SmallerModel prune(ParameterStore& parameters, double sparsity) {
  return over_matrices(parameters, [&](SmallerModel& model, std::span<float> numbers, int64_t, int64_t) {
    prune_smallest(numbers, sparsity);
    const auto zeros = std::count(numbers.begin(), numbers.end(), 0.0f);
    const auto n = static_cast<int64_t>(numbers.size());
    model.bytes += (n + 7) / 8 + 4 * (n - zeros);
  });
}

}  // namespace gpt
