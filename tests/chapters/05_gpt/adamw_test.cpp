// The trainer's AdamW, one fast pass, against that of chapter 03, which is written to be read.

#include <gtest/gtest.h>

#include "01_tensors/elementwise.hpp"
#include "03_optimizers/initialisation.hpp"
#include "03_optimizers/optimizer.hpp"
#include "05_gpt/backend.hpp"

namespace gpt {
namespace {

constexpr int64_t n = 1003;  // no multiple of a vector

/// The largest difference of the first n elements, relative to the largest element.
double difference(const Tensor& ours, const Tensor& theirs) {
  const Tensor a = ours.slice(0, 0, n), b = theirs.slice(0, 0, n);
  return max_difference(a, b) / max_difference(b, Tensor::zeros({n}));
}

TEST(AdamW, OfTheBackendsFollowsTheOneOfChapterThree) {
  const OptimizerOptions options{.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .weight_decay = 0.1};
  for (const auto& backend : {make_reference_backend(DType::f32), make_cpu_backend(DType::f32)}) {
    ParameterStore store;
    store.declare("weights", {n, 1}, initial::normal(1.0));
    store.allocate(1);
    const auto optimizer = make_optimizer("adamw", store, options);
    const Tensor value = store.values().clone(), m = Tensor::zeros(value.shape()), v = m.clone();
    for (int step = 1; step <= 20; ++step) {
      initial::normal(step % 3 == 0 ? 1e-4 : 2.0)(
          store.gradients(), RandomStream(2, RandomUse::example, static_cast<uint64_t>(step)));
      optimizer->step(0.01);
      backend->adamw(value, store.gradients(), m, v, {},
                     {.learning_rate = 0.01,
                      .beta1 = options.beta1,
                      .beta2 = options.beta2,
                      .epsilon = options.epsilon,
                      .weight_decay = options.weight_decay,
                      .step = step});
      ASSERT_LT(difference(value, store.values()), 1e-6) << backend->name() << ", step " << step;
    }
    EXPECT_LT(difference(m, optimizer->state()[0].value), 1e-6) << backend->name();
    EXPECT_LT(difference(v, optimizer->state()[1].value), 1e-6) << backend->name();
  }
}

}  // namespace
}  // namespace gpt
