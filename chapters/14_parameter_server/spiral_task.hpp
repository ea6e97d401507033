#pragma once
// What the chapter's workers learn: to tell two spirals apart, each from mini-batches of its own.

#include <memory>
#include <vector>

#include "09_averaging/classifier.hpp"

namespace gpt {

/// A net in f32 for each worker, all with the same first parameters, and one more to judge by. Worker w's
/// batch of step k is drawn from (w, k) alone.
class SpiralTask {
 public:
  static constexpr int64_t batch = 16;

  explicit SpiralTask(int workers, std::vector<int64_t> widths = {2, 24, 24, 2});

  const ParameterStore& store(int worker) const {
    return nets_.at(static_cast<size_t>(worker))->parameters();
  }
  /// The gradient of the batch's mean loss, at the parameters that the worker has, into its store.
  void gradient(int worker, int64_t step) const;
  /// The mean loss over all points at these parameters: (store's size) f32.
  double loss(const Tensor& parameters) const;

 private:
  Samples points_;
  std::vector<std::unique_ptr<Classifier>> nets_;
  std::unique_ptr<Classifier> judge_;
};

}  // namespace gpt
