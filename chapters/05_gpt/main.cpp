#include <fmt/format.h>

#include "05_gpt/gpt.hpp"

int main() {
  const auto backend = gpt::make_reference_backend(gpt::DType::f32);
  gpt::Gpt model({.layers = 1, .heads = 2, .width = 16, .context = 8, .vocabulary = 11}, *backend, 1);
  gpt::Tensor tokens({2, 8}, gpt::DType::i32), targets({2, 8}, gpt::DType::i32);
  for (int i = 0; i < 16; ++i) {
    tokens.data<int32_t>()[i] = i * i % 11;
    targets.data<int32_t>()[i] = (i + 1) * (i + 1) % 11;
  }
  const gpt::Tensor& values = model.parameters().values();
  const gpt::Tensor m = gpt::Tensor::zeros(values.shape()), v = gpt::Tensor::zeros(values.shape());
  for (int step = 0; step < 50; ++step) {
    model.parameters().zero_gradients();
    const gpt::Variable loss = model.loss(tokens, targets, 1.0 / 16, {.training = true});
    loss.backward();
    backend->adamw(values, model.parameters().gradients(), m, v, {},
                   {.learning_rate = 1e-2, .step = step + 1});
    if (step % 10 == 9) fmt::print("step {}: loss {:.4f}\n", step + 1, loss.value().item());
  }
}
