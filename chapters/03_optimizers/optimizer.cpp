#include "03_optimizers/optimizer.hpp"

#include <fmt/ranges.h>

#include <cmath>

#include "01_tensors/strided.hpp"

namespace gpt {

Optimizer::Optimizer(const ParameterStore& store, const OptimizerOptions& options,
                     const std::vector<std::string>& state_names)
    : store_(store), options_(options) {
  for (const std::string& name : state_names)
    state_.push_back({name, Tensor::zeros({store.size()}, store.values().dtype())});
}

// [step]
void Optimizer::step(double learning_rate) {
  ++steps_;
  for (const Parameter& p : store_.parameters()) {
    const auto part = [&p](const Tensor& buffer) { return buffer.slice(0, p.offset, p.offset + p.elements); };
    Slice slice{part(store_.values()), part(store_.gradients()), {}, p.decay};
    for (const NamedTensor& state : state_) slice.state.push_back(part(state.value));
    update(slice, learning_rate);
  }
  store_.refresh_compute_copy();
}
// [/step]

namespace {

/// Calls rule(x, g, state…) for the elements of f32 or f64 vectors.
template <class Rule, class... State>
void for_each_parameter(Rule&& rule, const Tensor& x, const Tensor& g, const State&... state) {
  dispatch_real(x.dtype(), "an optimizer", [&](auto zero) {
    using T = decltype(zero);
    for_each_element(rule, strided<T>(x), strided<T>(g), strided<T>(state)...);
  });
}

// [gd]
class GradientDescent final : public Optimizer {
 public:
  GradientDescent(const ParameterStore& store, const OptimizerOptions& given) : Optimizer(store, given, {}) {}
  std::string_view name() const override { return "gd"; }

 private:
  void update(const Slice& slice, double lr) const override {
    for_each_parameter([=]<class T>(T& x, T g) { x -= static_cast<T>(lr) * g; }, slice.x, slice.g);
  }
};
// [/gd]

// [momentum]
class Momentum final : public Optimizer {
 public:
  Momentum(const ParameterStore& store, const OptimizerOptions& given)
      : Optimizer(store, given, {"velocity"}) {}
  std::string_view name() const override { return "momentum"; }

 private:
  void update(const Slice& slice, double lr) const override {
    const double momentum = options().momentum;
    for_each_parameter(
        [=]<class T>(T& x, T g, T& velocity) {
          velocity = static_cast<T>(momentum) * velocity + g;
          x -= static_cast<T>(lr) * velocity;
        },
        slice.x, slice.g, slice.state[0]);
  }
};
// [/momentum]

// [rmsprop]
class RmsProp final : public Optimizer {
 public:
  RmsProp(const ParameterStore& store, const OptimizerOptions& given)
      : Optimizer(store, given, {"mean_square"}) {}
  std::string_view name() const override { return "rmsprop"; }

 private:
  void update(const Slice& slice, double lr) const override {
    const double rate = options().decay_rate, epsilon = options().epsilon;
    for_each_parameter(
        [=]<class T>(T& x, T g, T& v) {
          v = static_cast<T>(rate) * v + static_cast<T>(1.0 - rate) * g * g;
          x -= static_cast<T>(lr) * g / (std::sqrt(v) + static_cast<T>(epsilon));
        },
        slice.x, slice.g, slice.state[0]);
  }
};
// [/rmsprop]

// [adam]
/// Adam, and AdamW, which differs in where weight decay enters.
class Adam final : public Optimizer {
 public:
  Adam(const ParameterStore& store, const OptimizerOptions& given, bool decoupled)
      : Optimizer(store, given, {"m", "v"}), decoupled_(decoupled) {}
  std::string_view name() const override { return decoupled_ ? "adamw" : "adam"; }

 private:
  void update(const Slice& slice, double lr) const override {
    const auto [beta1, beta2, epsilon] = std::array{options().beta1, options().beta2, options().epsilon};
    // m and v start at 0 and are too small at first, by exactly these factors.
    const double correct1 = 1.0 / (1.0 - std::pow(beta1, static_cast<double>(steps())));
    const double correct2 = 1.0 / (1.0 - std::pow(beta2, static_cast<double>(steps())));
    const double decay = slice.decay ? options().weight_decay : 0.0;
    const double into_gradient = decoupled_ ? 0.0 : decay, into_value = decoupled_ ? decay : 0.0;
    for_each_parameter(
        [=]<class T>(T& x, T gradient, T& m, T& v) {
          const T g = gradient + static_cast<T>(into_gradient) * x;
          m = static_cast<T>(beta1) * m + static_cast<T>(1.0 - beta1) * g;
          v = static_cast<T>(beta2) * v + static_cast<T>(1.0 - beta2) * g * g;
          const T m_hat = m * static_cast<T>(correct1), v_hat = v * static_cast<T>(correct2);
          x -= static_cast<T>(lr) *
               (m_hat / (std::sqrt(v_hat) + static_cast<T>(epsilon)) + static_cast<T>(into_value) * x);
        },
        slice.x, slice.g, slice.state[0], slice.state[1]);
  }

  bool decoupled_;
};
// [/adam]

}  // namespace

const std::vector<std::string>& optimizer_names() {
  static const std::vector<std::string> names{"gd", "momentum", "rmsprop", "adam", "adamw"};
  return names;
}

std::unique_ptr<Optimizer> make_optimizer(std::string_view name, const ParameterStore& store,
                                          const OptimizerOptions& options) {
  if (name == "gd") return std::make_unique<GradientDescent>(store, options);
  if (name == "momentum") return std::make_unique<Momentum>(store, options);
  if (name == "rmsprop") return std::make_unique<RmsProp>(store, options);
  if (name == "adam") return std::make_unique<Adam>(store, options, false);
  if (name == "adamw") return std::make_unique<Adam>(store, options, true);
  throw UserError(
      fmt::format("there is no optimizer {}; there are {}", name, fmt::join(optimizer_names(), ", ")));
}

}  // namespace gpt
