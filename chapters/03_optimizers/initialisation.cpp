#include "03_optimizers/initialisation.hpp"

#include <cmath>

#include "01_tensors/strided.hpp"

namespace gpt::initial {
namespace {

/// x[i] = next(i), in row-major order and in whatever type x has.
template <class F>
void fill_from(const Tensor& x, F&& next) {
  uint64_t i = 0;
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for_each_element([&](T& element) { element = convert<T>(next(i++)); }, strided<T>(x));
  });
}

struct Fans {
  double in, out;
};

Fans fans_of(const Tensor& weight) {
  GPT_CHECK(weight.rank() == 2, "an initialisation by rows and columns, of a parameter of shape {}",
            weight.shape());
  return {static_cast<double>(weight.size(1)), static_cast<double>(weight.size(0))};
}

// [variances]
double xavier_deviation(const Tensor& weight) {
  const auto [in, out] = fans_of(weight);
  return std::sqrt(2.0 / (in + out));
}

double he_deviation(const Tensor& weight) {
  return std::sqrt(2.0 / fans_of(weight).in);
}
// [/variances]

/// The uniform distribution on [-a, a] has the variance a²/3.
const double uniform_limit = std::sqrt(3.0);

}  // namespace

Initializer constant(double value) {
  return [value](const Tensor& x, const RandomStream&) { x.fill(value); };
}

// [normal]
Initializer normal(double deviation) {
  return [deviation](const Tensor& x, const RandomStream& random) {
    fill_from(x, [&](uint64_t i) { return deviation * random.normal(i); });
  };
}
// [/normal]

Initializer uniform(double low, double high) {
  return [low, high](const Tensor& x, const RandomStream& random) {
    fill_from(x, [&](uint64_t i) { return low + (high - low) * random.uniform(i); });
  };
}

Initializer xavier_uniform() {
  return [](const Tensor& x, const RandomStream& random) {
    const double limit = uniform_limit * xavier_deviation(x);
    uniform(-limit, limit)(x, random);
  };
}

Initializer xavier_normal() {
  return [](const Tensor& x, const RandomStream& random) { normal(xavier_deviation(x))(x, random); };
}

Initializer he_uniform() {
  return [](const Tensor& x, const RandomStream& random) {
    const double limit = uniform_limit * he_deviation(x);
    uniform(-limit, limit)(x, random);
  };
}

Initializer he_normal() {
  return [](const Tensor& x, const RandomStream& random) { normal(he_deviation(x))(x, random); };
}

Initializer gpt2_residual(int layers) {
  GPT_CHECK(layers > 0, "{} layers", layers);
  return normal(0.02 / std::sqrt(2.0 * layers));
}

}  // namespace gpt::initial
