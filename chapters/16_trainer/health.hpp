#pragma once
// When a loss is no number any more: which tensor was the first to go.

#include <optional>
#include <string>

#include "05_gpt/gpt.hpp"

namespace gpt {

/// The first number in order of the forward pass that is NaN or infinite.
struct BadNumber {
  std::string parameter;
  int64_t element = 0;  ///< in row-major order
  double value = 0;
};

/// In `buffer`, which is laid out as the arena: its values or its gradients.
std::optional<BadNumber> first_bad_number(const ParameterStore& store, const Tensor& buffer);

/// A sentence on what is wrong: a value that is no number, else the loss, else a gradient that is no number.
std::string describe_bad_step(const ParameterStore& store, double loss);

}  // namespace gpt
