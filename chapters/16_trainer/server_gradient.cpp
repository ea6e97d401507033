// A worker's part of a step with --servers.
#include <chrono>
#include <cmath>

#include "03_optimizers/clipping.hpp"
#include "16_trainer/trainer.hpp"

namespace gpt {

// [gradient]
StepResult Trainer::gradient(const DataLoader& data, int64_t number, int workers) {
  const auto start = std::chrono::steady_clock::now();
  const Trace::Span whole = trace_.span(fmt::format("step {}", number + 1));
  StepResult result;
  result.loss = forward_backward(data, number);
  result.lr = schedule_(number);
  const Tensor& gradients = model_.parameters().gradients();
  result.grad_norm = std::sqrt(model_.backend().sum_of_squares(gradients));
  // A mean over the workers of what each sends shall be the mean over all rows.
  const auto rows = static_cast<double>(share_of(data.global_batch(), communicator_.rank(), workers).count);
  double factor = rows * workers / static_cast<double>(data.global_batch());
  if (config_.clip > 0) factor *= clip_factor(result.grad_norm, config_.clip);
  if (factor != 1.0)
    for (float& g : gradients.span<float>()) g = static_cast<float>(g * factor);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}
// [/gradient]

}  // namespace gpt
