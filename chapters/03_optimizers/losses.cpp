#include "03_optimizers/losses.hpp"

#include <algorithm>
#include <cmath>

#include "02_backprop/operations.hpp"

namespace gpt {

// [mse]
Variable mse(const Variable& prediction, const Variable& target) {
  GPT_CHECK_EQ(prediction.shape(), target.shape());
  return mean(square(prediction - target));
}
// [/mse]

namespace {

/// The rows' shares in the mean: w / Σ w, and 0 for rows that do not count.
std::vector<double> shares_of(const Tensor& targets, const Tensor& weights, int64_t vocabulary) {
  const std::span<const int32_t> target = targets.span<int32_t>();
  std::vector<double> shares(target.size());
  double total = 0.0;
  for (size_t n = 0; n < shares.size(); ++n) {
    GPT_CHECK(target[n] < vocabulary, "target {} of row {} with only {} logits", target[n], n, vocabulary);
    if (target[n] >= 0)
      shares[n] = weights.defined() ? weights.select(0, static_cast<int64_t>(n)).item() : 1.0;
    total += shares[n];
  }
  for (double& share : shares) share = total > 0.0 ? share / total : 0.0;
  return shares;
}

/// log Σ e^x, without overflow.
template <class T>
double log_sum_exp(std::span<const T> x) {
  const double largest = *std::max_element(x.begin(), x.end());
  double sum = 0.0;
  for (const T value : x) sum += std::exp(value - largest);
  return largest + std::log(sum);
}

template <class T>
Variable cross_entropy_of(const Variable& logits, const Tensor& targets, const Tensor& weights) {
  const Tensor x = logits.value().contiguous();
  const int64_t rows = x.size(0);
  const auto vocabulary = static_cast<size_t>(x.size(1));
  const std::vector<double> shares = shares_of(targets, weights, x.size(1));
  const auto row = [vocabulary](const Tensor& t, int64_t n) {
    return std::span<T>(t.data<T>() + n * t.size(1), vocabulary);
  };

  // [cross_entropy]
  double loss = 0.0;
  std::vector<double> lse(static_cast<size_t>(rows));
  for (int64_t n = 0; n < rows; ++n) {
    const auto i = static_cast<size_t>(n);
    if (shares[i] == 0.0) continue;
    lse[i] = log_sum_exp(std::span<const T>(row(x, n)));
    loss += shares[i] * (lse[i] - row(x, n)[static_cast<size_t>(targets.data<int32_t>()[n])]);
  }

  const auto backward = [=, node = logits.node()](const Tensor& g) {
    const Tensor dx = Tensor::zeros(x.shape(), x.dtype());
    for (int64_t n = 0; n < rows; ++n) {
      const auto i = static_cast<size_t>(n);
      if (shares[i] == 0.0) continue;
      const double factor = g.item() * shares[i];
      for (size_t v = 0; v < vocabulary; ++v)
        row(dx, n)[v] = static_cast<T>(factor * std::exp(row(x, n)[v] - lse[i]));  // the probability of v …
      row(dx, n)[static_cast<size_t>(targets.data<int32_t>()[n])] -= static_cast<T>(factor);  // … less 1
    }
    node->accumulate(dx);
  };
  // [/cross_entropy]
  return record("cross_entropy", Tensor::scalar(loss, x.dtype()), {logits}, backward);
}

}  // namespace

Variable cross_entropy(const Variable& logits, const Tensor& targets, const Tensor& weights) {
  GPT_CHECK(logits.shape().rank() == 2 && targets.shape() == Shape{logits.shape()[0]},
            "cross_entropy of logits {} with targets {}", logits.shape(), targets.shape());
  GPT_CHECK(!weights.defined() || weights.shape() == targets.shape(), "weights {} for targets {}",
            weights.shape(), targets.shape());
  return dispatch_real(logits.dtype(), "cross_entropy",
                       [&](auto zero) { return cross_entropy_of<decltype(zero)>(logits, targets, weights); });
}

}  // namespace gpt
