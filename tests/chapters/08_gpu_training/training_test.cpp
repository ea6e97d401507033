// The same GPT on the CPU and on the device, for twenty steps.

#include <gtest/gtest.h>

#include <cmath>

#include "05_gpt/generate.hpp"
#include "08_gpu_training/gpu_backend.hpp"

namespace gpt {
namespace {

constexpr int64_t batch = 2, positions = 12, vocabulary = 19;

Tensor some_tokens(uint64_t stream) {
  const Tensor tokens({batch, positions}, DType::i32);
  const RandomStream random(5, RandomUse::example, stream);
  for (int64_t i = 0; i < tokens.elements(); ++i)
    tokens.data<int32_t>()[i] = static_cast<int32_t>(random.below(static_cast<uint64_t>(i), vocabulary));
  return tokens;
}

struct Course {
  std::vector<double> losses;
  std::vector<int32_t> text;       // what the model writes then
  int64_t requests_after_two = 0;  // for memory of the device
};

Course train(Backend& backend, int64_t steps) {
  Gpt model(
      {.layers = 2, .heads = 2, .width = 16, .context = positions, .vocabulary = vocabulary, .dropout = 0.1f},
      backend, 1);
  const ParameterStore& store = model.parameters();
  const Tensor m = backend.empty(store.values().shape(), DType::f32), v = m.clone();
  backend.fill(m, 0.0), backend.fill(v, 0.0);
  const Tensor tokens = some_tokens(0), targets = some_tokens(1);
  Course course;
  int64_t requests = 0;
  for (int64_t step = 1; step <= steps; ++step) {
    backend.fill(store.gradients(), 0.0);
    const Variable loss = model.loss(tokens, targets, 1.0 / (batch * positions),
                                     {.training = true, .step = static_cast<uint64_t>(step)});
    loss.backward();
    const double norm = std::sqrt(backend.sum_of_squares(store.gradients()));
    backend.adamw(store.values(), store.gradients(), m, v, store.compute_copy(),
                  {.learning_rate = 3e-3, .gradient_scale = std::min(1.0, 1.0 / norm), .step = step});
    course.losses.push_back(loss.value().item());
    if (step == 2) requests = backend.allocator()->statistics().system_requests;
  }
  course.requests_after_two = backend.allocator()->statistics().system_requests - requests;
  course.text = generate(model, std::vector<int32_t>{1, 2, 3}, 20, {.temperature = 0.0});
  return course;
}

std::unique_ptr<Backend> device(DType type) {
  if (KERNEL_SPACE::gpu_status().state != GpuStatus::State::ready) return nullptr;
  return KERNEL_SPACE::make_gpu_backend({.compute_type = type});
}

TEST(TrainingOnTheDevice, HasTheLossesOfTheCpuAndAsksForNoMoreMemory) {
  const auto backend = device(DType::f32), cpu = make_cpu_backend(DType::f32);
  if (!backend) GTEST_SKIP() << "no GPU here";
#ifdef SIMT_CHECKED
  const int64_t steps = 3;  // the checked build is slow
#else
  const int64_t steps = 20;
#endif
  const Course here = train(*cpu, steps), there = train(*backend, steps);
  for (size_t step = 0; step < here.losses.size(); ++step)
    EXPECT_NEAR(there.losses[step], here.losses[step], 1e-4) << "step " << step;
  EXPECT_LT(there.losses.back(), there.losses.front());
  EXPECT_EQ(there.text, here.text);
  EXPECT_EQ(there.requests_after_two, 0);
}

#ifndef SIMT_CHECKED
TEST(TrainingOnTheDevice, InBf16LearnsAsTheCpuDoesInF32) {
  const auto backend = device(DType::bf16), cpu = make_cpu_backend(DType::f32);
  if (!backend) GTEST_SKIP() << "no GPU here";
  const Course here = train(*cpu, 20), there = train(*backend, 20);
  for (size_t step = 0; step < here.losses.size(); ++step)
    EXPECT_NEAR(there.losses[step], here.losses[step], 2e-2 * here.losses[step]) << "step " << step;
}

TEST(TrainingOnTheDevice, HasTheSameBitsEveryTime) {
  const auto first = device(DType::bf16), second = device(DType::bf16);
  if (!first) GTEST_SKIP() << "no GPU here";
  EXPECT_EQ(train(*first, 4).losses, train(*second, 4).losses);
}
#endif

}  // namespace
}  // namespace gpt
