#include "02_backprop/gradient_check.hpp"

#include <algorithm>
#include <cmath>

namespace gpt {

// [gradient_check]
GradientCheck gradient_check(const std::function<Variable(const std::vector<Variable>&)>& f,
                             const std::vector<Tensor>& leaves, double h) {
  std::vector<Tensor> points;
  std::vector<Variable> variables, constants;
  for (const Tensor& leaf : leaves) {
    GPT_CHECK(leaf.dtype() == DType::f64, "gradient_check() works in f64, not {}", leaf.dtype());
    points.push_back(leaf.clone());
    variables.push_back(Variable::leaf(points.back()));
    constants.push_back(Variable(points.back()));  // the same storage: changing a point changes what f sees
  }
  f(variables).backward();

  GradientCheck result;
  for (size_t n = 0; n < points.size(); ++n) {
    const Tensor gradient = variables[n].gradient().defined() ? variables[n].gradient().contiguous()
                                                              : Tensor::zeros(points[n].shape(), DType::f64);
    for (int64_t i = 0; i < points[n].elements(); ++i) {
      double& x = points[n].data<double>()[i];
      const double before = x;
      x = before + h;
      const double above = f(constants).value().item();
      x = before - h;
      const double below = f(constants).value().item();
      x = before;
      const double numeric = (above - below) / (2 * h), analytic = gradient.data<double>()[i];
      const double error =
          std::abs(analytic - numeric) / std::max({1.0, std::abs(analytic), std::abs(numeric)});
      if (error >= result.worst || std::isnan(error)) {
        result.worst = error;
        result.where =
            fmt::format("input {}, element {}: analytic {:.10g}, numeric {:.10g}", n, i, analytic, numeric);
        if (std::isnan(error)) return result;
      }
    }
  }
  return result;
}
// [/gradient_check]

}  // namespace gpt
