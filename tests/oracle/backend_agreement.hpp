#pragma once
// The operations of every backend against PyTorch. A test program includes this once and names its backends.

#include "oracle.hpp"

namespace gpt {

class BackendAgreesWithPyTorch : public testing::TestWithParam<Tested> {
 protected:
  DType compute() const { return backend_->compute_type(); }
  DType sum_type() const { return backend_->sum_type(); }
  Tensor here(const Tensor& values) const { return values.on(backend_->allocator()); }

  /// An input where the backend wants it, in the type in which it computes.
  Tensor input(const std::string& name) const { return here(file_.tensor(name).to(compute()).clone()); }
  Tensor rows(const Tensor& x) const { return x.reshape({x.elements() / x.size(-1), x.size(-1)}); }
  Tensor rows(const std::string& name) const { return rows(input(name)); }
  /// An input that is never rounded to bf16.
  Tensor exact(const std::string& name) const { return here(file_.tensor(name).to(sum_type()).clone()); }
  /// For an output: a tensor of the shape that the file has under this name.
  Tensor output(const std::string& name) const { return backend_->empty(file_.tensor(name).shape()); }
  Tensor sums(const Shape& shape) const { return backend_->empty(shape, sum_type()); }
  Tensor zeros(const Shape& shape) const { return here(Tensor::zeros(shape, sum_type())); }
  Tensor zeros(const std::string& name) const { return zeros(file_.tensor(name).shape()); }
  void expect(const Tensor& ours, const std::string& name) const {
    backend_->synchronize();
    const Tensor expected = file_.tensor(name);
    expect_close(ours.host().to(DType::f64).reshape(expected.shape()), expected, GetParam().tolerance, name);
  }

  SafetensorsFile file_ = oracle_file("ops");
  std::unique_ptr<Backend> backend_ = GetParam().make(GetParam().type);
};

TEST_P(BackendAgreesWithPyTorch, Embedding) {
  const Tensor tokens = here(file_.tensor("embedding.tokens"));
  const Tensor x = output("embedding.y"), d_tokens = zeros("embedding.dwte"),
               d_positions = zeros("embedding.dwpe");
  backend_->embedding_forward(x, tokens, input("embedding.wte"), input("embedding.wpe"), 0);
  backend_->embedding_backward(d_tokens, d_positions, input("embedding.dy"), tokens);
  expect(x, "embedding.y");
  expect(d_tokens, "embedding.dwte");
  expect(d_positions, "embedding.dwpe");
}

TEST_P(BackendAgreesWithPyTorch, Layernorm) {
  const Tensor x = rows("layernorm.x"), weight = exact("layernorm.weight");
  const Tensor y = backend_->empty(x.shape()), dx = backend_->empty(x.shape());
  const Tensor mean = sums({x.size(0)}), rstd = sums({x.size(0)});
  const Tensor d_weight = zeros("layernorm.dweight"), d_bias = zeros("layernorm.dbias");
  backend_->layernorm_forward(y, mean, rstd, x, weight, exact("layernorm.bias"));
  backend_->layernorm_backward(dx, false, d_weight, d_bias, rows("layernorm.dy"), x, weight, mean, rstd);
  expect(y, "layernorm.y");
  expect(dx, "layernorm.dx");
  expect(d_weight, "layernorm.dweight");
  expect(d_bias, "layernorm.dbias");
}

TEST_P(BackendAgreesWithPyTorch, Linear) {
  const Tensor x = rows("linear.x"), dy = rows("linear.dy");
  const Tensor weight =  // the file has (in, out)
      here(file_.tensor("linear.weight").to(compute()).transpose(0, 1).contiguous());
  const Tensor y = backend_->empty(dy.shape()), dx = backend_->empty(x.shape());
  const Tensor d_weight = zeros(weight.shape()), d_bias = zeros("linear.dbias");
  backend_->linear_forward(y, x, weight, exact("linear.bias"), {});
  backend_->linear_backward_input(dx, false, dy, weight);
  backend_->linear_backward_weight(d_weight, d_bias, dy, x);
  expect(y, "linear.y");
  expect(dx, "linear.dx");
  expect(d_weight.host().transpose(0, 1).contiguous(), "linear.dweight");
  expect(d_bias, "linear.dbias");
}

TEST_P(BackendAgreesWithPyTorch, Attention) {
  const Tensor qkv = input("attention.qkv"), y = output("attention.y"), d_qkv = output("attention.dqkv");
  const auto heads = static_cast<int64_t>(file_.number("n_head"));
  const Tensor lse = sums({qkv.size(0), heads, qkv.size(1)});
  backend_->attention_forward(y, lse, qkv, heads, 0, {});
  backend_->attention_backward(d_qkv, input("attention.dy"), y, lse, qkv, heads, {});
  expect(y, "attention.y");
  expect(d_qkv, "attention.dqkv");
}

TEST_P(BackendAgreesWithPyTorch, Gelu) {
  const Tensor x = input("gelu.x"), y = output("gelu.y"), dx = output("gelu.dx");
  backend_->gelu_forward(y, x);
  backend_->gelu_backward(dx, input("gelu.dy"), x);
  expect(y, "gelu.y");
  expect(dx, "gelu.dx");
}

TEST_P(BackendAgreesWithPyTorch, CrossEntropy) {
  const Tensor logits = rows(exact("cross_entropy.logits")), d_logits = backend_->empty(logits.shape());
  const int64_t count = logits.size(0);
  const Tensor targets = here(file_.tensor("cross_entropy.targets").reshape({count}));
  const Tensor losses = sums({count}), lse = sums({count});
  backend_->cross_entropy_forward(losses, lse, logits, targets);
  backend_->cross_entropy_backward(d_logits, logits, lse, targets, 1.0 / static_cast<double>(count));
  const double mean = backend_->sum(losses) / static_cast<double>(count);
  expect(Tensor::scalar(mean, DType::f64), "cross_entropy.loss");
  expect(d_logits, "cross_entropy.dlogits");
}

TEST_P(BackendAgreesWithPyTorch, AdamW) {
  const SafetensorsFile file = oracle_file("optimizers");
  const auto adamw = [&](const std::string& option) { return file.number("adamw." + option); };
  const Tensor value = here(file.tensor("start").to(sum_type()).clone());
  const Tensor gradients = file.tensor("gradients").to(sum_type()), after = file.tensor("adamw.after");
  const Tensor m = zeros(value.shape()), v = zeros(value.shape());
  for (int64_t step = 0; step < gradients.size(0); ++step) {
    const AdamWStep numbers{.learning_rate = file.number("lr"),
                            .beta1 = adamw("beta1"),
                            .beta2 = adamw("beta2"),
                            .epsilon = adamw("eps"),
                            .weight_decay = adamw("weight_decay"),
                            .gradient_scale = 0.5,
                            .step = step + 1};
    backend_->adamw(value, here(gradients.select(0, step) * 2.0), m, v, {}, numbers);
    backend_->synchronize();
    expect_close(value.host().to(DType::f64), after.select(0, step), GetParam().tolerance,
                 fmt::format("after step {}", step + 1));
  }
}

}  // namespace gpt
