#include "09_averaging/classifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "02_backprop/operations.hpp"
#include "03_optimizers/initialisation.hpp"
#include "03_optimizers/losses.hpp"

namespace gpt {

Samples Samples::pick(const std::vector<int64_t>& numbers) const {
  const auto count = static_cast<int64_t>(numbers.size());
  const Samples result{Tensor({count, x.size(1)}, x.dtype()), Tensor({count}, labels.dtype())};
  for (int64_t i = 0; i < count; ++i) {
    const int64_t number = numbers[static_cast<size_t>(i)];
    result.x.select(0, i).copy_from(x.select(0, number));
    result.labels.select(0, i).copy_from(labels.select(0, number));
  }
  return result;
}

Samples make_blobs(const std::vector<int64_t>& counts, double radius, uint64_t seed) {
  std::vector<double> points;
  std::vector<int32_t> labels;
  const RandomStream random(seed, RandomUse::example);
  for (size_t k = 0; k < counts.size(); ++k) {
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(counts.size());
    for (int64_t i = 0; i < counts[k]; ++i) {
      points.push_back(radius * std::cos(angle) + random.normal(points.size()));
      points.push_back(radius * std::sin(angle) + random.normal(points.size()));
      labels.push_back(static_cast<int32_t>(k));
    }
  }
  const auto n = static_cast<int64_t>(labels.size());
  return {Tensor::from(points, {n, 2}), Tensor::from(labels, {n})};
}

Classifier::Classifier(const std::vector<int64_t>& widths, uint64_t seed, DType type)
    : layers_(static_cast<int64_t>(widths.size()) - 1),
      classes_(widths.back()),
      parameters_(std::make_shared<ParameterStore>(type)) {
  for (int64_t layer = 0; layer < layers_; ++layer) {
    const int64_t in = widths[static_cast<size_t>(layer)], out = widths[static_cast<size_t>(layer) + 1];
    parameters_->declare(fmt::format("layer.{}.weight", layer), {out, in}, initial::xavier_normal());
    parameters_->declare(fmt::format("layer.{}.bias", layer), {out}, initial::zeros());
  }
  parameters_->allocate(seed);
}

Variable Classifier::logits(const Tensor& x) const {
  Variable h = x.to(parameters_->values().dtype());
  for (int64_t layer = 0; layer < layers_; ++layer) {
    if (layer > 0) h = tanh(h);
    h = matmul(h, transpose(parameters_->variable(fmt::format("layer.{}.weight", layer)), 0, 1)) +
        parameters_->variable(fmt::format("layer.{}.bias", layer));
  }
  return h;
}

Variable Classifier::loss(const Samples& samples, double scale, const std::vector<double>& weights) const {
  const Variable z = logits(samples.x);
  double total = static_cast<double>(samples.size());
  if (weights.empty()) return cross_entropy(z, samples.labels) * (total * scale);  // the mean back to a sum
  total = 0.0;
  for (const double weight : weights) total += weight;
  const Tensor tensor = Tensor::from(weights, {samples.size()}).to(z.dtype());
  return cross_entropy(z, samples.labels, tensor) * (total * scale);
}

double Classifier::mean_loss(const Samples& samples) const {
  return loss(samples, 1.0 / static_cast<double>(samples.size())).value().item();
}

std::vector<double> Classifier::accuracy_by_class(const Samples& samples) const {
  const Tensor z = logits(samples.x).value().to(DType::f64);
  std::vector<double> right(static_cast<size_t>(classes_)), all(right);
  for (int64_t i = 0; i < samples.size(); ++i) {
    const auto label = static_cast<size_t>(samples.labels.at<int32_t>({i}));
    bool largest = true;
    for (int64_t k = 0; k < classes_; ++k)
      largest = largest && z.at<double>({i, k}) <= z.at<double>({i, static_cast<int64_t>(label)});
    right[label] += largest;
    all[label] += 1;
  }
  for (size_t k = 0; k < right.size(); ++k) right[k] /= std::max(all[k], 1.0);
  return right;
}

}  // namespace gpt
