#include "08_gpu_training/graphed_passes.hpp"

#include <limits>

#include "05_gpt/gpt_operations.hpp"
#include "common/check.hpp"

namespace gpt {

GraphedPasses::GraphedPasses(Gpt& model) : model_(model) {
  GPT_REQUIRE(model.config().dropout == 0.0f,
              "a captured pass gives its kernels the same numbers each time, and dropout {} wants other ones "
              "in each step: choose no dropout or no graph",
              model.config().dropout);
  GPT_REQUIRE(model.backend().device() != Device::cpu, "only a GPU keeps the orders of a pass, not the cpu");
}

// [now]
void GraphedPasses::now(Pass& pass, double scale) {
  const Variable loss = model_.loss(pass.tokens, pass.targets, scale, {.training = true});
  loss.backward();
  pass.loss.copy_from(loss.value());
}
// [/now]

// [run]
double GraphedPasses::run(const Tensor& tokens, const Tensor& targets, double scale) {
  const int64_t vocabulary = model_.config().vocabulary;
  check_ids(tokens, 0, vocabulary);
  check_ids(targets, std::numeric_limits<int32_t>::min(), vocabulary);
  Backend& backend = model_.backend();
  Pass& pass = passes_[{tokens.size(0), tokens.size(1), scale}];
  if (!pass.orders) {
    pass.tokens = backend.empty(tokens.shape(), DType::i32), pass.targets = pass.tokens.clone();
    pass.loss = backend.empty({}, backend.sum_type());
  }
  pass.tokens.copy_from(backend.upload(tokens));
  pass.targets.copy_from(backend.upload(targets));
  if (pass.orders) {
    pass.orders->run();
  } else {
    now(pass, scale);
    pass.orders = backend.capture([&] { now(pass, scale); });
  }
  return pass.loss.item();
}
// [/run]

int64_t GraphedPasses::orders() const {
  int64_t orders = 0;
  for (const auto& [shape, pass] : passes_) orders += pass.orders ? pass.orders->size() : 0;
  return orders;
}

}  // namespace gpt
