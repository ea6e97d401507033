#pragma once
// A small net and small data for the experiments of this chapter.

#include <vector>

#include "03_optimizers/parameter_store.hpp"

namespace gpt {

/// Labelled points.
struct Samples {
  Tensor x;       ///< (N, features) f64
  Tensor labels;  ///< (N) i32

  int64_t size() const { return labels.elements(); }
  /// The samples with these numbers, in this order; a number may come twice.
  Samples pick(const std::vector<int64_t>& numbers) const;
};

/// Points in the plane around one centre per class, with deviation 1, class after class: counts[k] points of
/// class k. The centres lie on a circle of the given radius.
Samples make_blobs(const std::vector<int64_t>& counts, double radius, uint64_t seed);

/// Linear layers with tanh between them: widths {2, 2} is logistic regression for two classes, {2, 8, 2} has
/// a hidden layer. The parameters lie in a ParameterStore.
class Classifier {
 public:
  Classifier(const std::vector<int64_t>& widths, uint64_t seed, DType type = DType::f64);

  ParameterStore& parameters() { return *parameters_; }
  const ParameterStore& parameters() const { return *parameters_; }

  /// (N, classes)
  Variable logits(const Tensor& x) const;
  /// Σ weights[i] · cross-entropy of sample i, times `scale`; no weights means all 1. With scale = 1 / N it
  /// is the mean; with N the size of a larger batch, these samples' part of the larger batch's mean.
  Variable loss(const Samples& samples, double scale, const std::vector<double>& weights = {}) const;
  /// The value of the mean loss, without a tape.
  double mean_loss(const Samples& samples) const;
  /// For each class, the part of its samples that get the largest logit.
  std::vector<double> accuracy_by_class(const Samples& samples) const;

 private:
  int64_t layers_, classes_;
  std::shared_ptr<ParameterStore> parameters_;
};

}  // namespace gpt
