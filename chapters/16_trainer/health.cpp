#include "16_trainer/health.hpp"

#include <cmath>

namespace gpt {
namespace {

/// The largest absolute value, and whose it is: it tells a learning rate that is too high from a bug.
std::pair<double, std::string> largest_value(const ParameterStore& store) {
  std::pair<double, std::string> largest{-1, ""};
  const Tensor values = store.values().host();
  for (const Parameter& parameter : store.parameters())
    for (const float x : values.span<float>().subspan(static_cast<size_t>(parameter.offset),
                                                      static_cast<size_t>(parameter.elements)))
      if (std::abs(x) > largest.first) largest = {std::abs(x), parameter.name};
  return largest;
}

}  // namespace

std::optional<BadNumber> first_bad_number(const ParameterStore& store, const Tensor& buffer) {
  const auto& parameters = store.parameters();  // in order of the backward pass
  const Tensor here = buffer.host();
  for (auto parameter = parameters.rbegin(); parameter != parameters.rend(); ++parameter) {
    const float* x = here.data<float>() + parameter->offset;
    for (int64_t i = 0; i < parameter->elements; ++i)
      if (!std::isfinite(x[i])) return BadNumber{parameter->name, i, x[i]};
  }
  return std::nullopt;
}

std::string describe_bad_step(const ParameterStore& store, double loss) {
  const auto sentence = [](const char* what, const BadNumber& bad) {
    return fmt::format("the first bad tensor is the {} of {}: its element {} is {}", what, bad.parameter,
                       bad.element, bad.value);
  };
  if (const auto bad = first_bad_number(store, store.values())) return sentence("value", *bad);
  if (!std::isfinite(loss)) {
    const auto [largest, name] = largest_value(store);
    return fmt::format(
        "the first bad tensor is the loss, which is {}: all parameters are numbers still, the largest "
        "{:.3g} in {}",
        loss, largest, name);
  }
  if (const auto bad = first_bad_number(store, store.gradients())) return sentence("gradient", *bad);
  return "the norm of the gradient is beyond all numbers";
}

}  // namespace gpt
