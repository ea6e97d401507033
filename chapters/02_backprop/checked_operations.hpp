#pragma once
// Every operation of the chapter with shapes to try it on: for the program's table and for the tests.

#include <functional>
#include <vector>

#include "02_backprop/gradient_check.hpp"

namespace gpt {

struct CheckedOperation {
  const char* name;
  const char* formula;
  std::vector<Shape> shapes;  ///< of its inputs
  std::function<Variable(const std::vector<Variable>&)> f;
};

const std::vector<CheckedOperation>& checked_operations();

/// gradient_check() of the operation at random inputs between 0.5 and 1.5, where log and division are smooth.
/// Its result becomes a scalar by a weighted sum, with another weight for every element.
GradientCheck check_operation(const CheckedOperation& operation);

}  // namespace gpt
