// Every operation for which PyTorch wrote a reference file: the fastest rung, forward and backward, in f32
// and bf16, in sizes that packs fit and in sizes that they do not.

#include "01_tensors/elementwise.hpp"
#include "05_gpt/safetensors.hpp"
#include "07_cuda_kernels/adamw.hpp"
#include "07_cuda_kernels/attention.hpp"
#include "07_cuda_kernels/cross_entropy.hpp"
#include "07_cuda_kernels/elementwise.hpp"
#include "07_cuda_kernels/embedding.hpp"
#include "07_cuda_kernels/layernorm.hpp"
#include "07_cuda_kernels/linear.hpp"
#include "07_cuda_kernels/reductions.hpp"
#include "07_cuda_kernels/softmax.hpp"
#include "kernel_test.hpp"

namespace gpt {
namespace {

SafetensorsFile reference(const std::string& name) {
  return SafetensorsFile(std::filesystem::path(GPT_ORACLE_FOLDER) / (name + ".safetensors"));
}

struct Case {
  std::string file;
  DType type;
};

class KernelsAgreeWithPyTorch : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) GTEST_SKIP() << "no GPU here";
  }

  static DType type() { return GetParam().type; }
  Tensor host(const std::string& name) const { return file_.tensor(name); }
  Shape shape(const std::string& name) const { return host(name).shape(); }
  int64_t size(const std::string& name, int64_t dimension) const { return host(name).size(dimension); }
  int64_t elements(const std::string& name) const { return host(name).elements(); }
  /// An input, in the type in which the kernels compute; or one that is f32 in any case.
  DeviceTensor input(const std::string& name) const { return {host(name), type()}; }
  DeviceTensor floats(const std::string& name) const { return {host(name), DType::f32}; }
  DeviceTensor output(const std::string& name) const { return {shape(name), type()}; }
  DeviceTensor zeros(const std::string& name) const { return {Tensor::zeros(shape(name)), DType::f32}; }
  void expect(const DeviceTensor& ours, const std::string& name) const { expect(ours.host(), name); }
  void expect(const Tensor& ours, const std::string& name) const {
    SCOPED_TRACE(name);
    expect_close(ours, host(name), type() == DType::bf16 ? 2e-2 : 1e-4);
  }

  SafetensorsFile file_ = reference(GetParam().file);
};

TEST_P(KernelsAgreeWithPyTorch, Gelu) {
  const DeviceTensor x = input("gelu.x"), dy = input("gelu.dy"), y = output("gelu.y"), dx = output("gelu.dx");
  kernels::gelu_forward(type(), y.data(), x.data(), elements("gelu.x"));
  kernels::gelu_backward(type(), dx.data(), dy.data(), x.data(), elements("gelu.x"));
  expect(y, "gelu.y");
  expect(dx, "gelu.dx");
}

TEST_P(KernelsAgreeWithPyTorch, Softmax) {
  const DeviceTensor x = input("softmax.x"), y = output("softmax.y");
  const int64_t columns = size("softmax.x", 2);
  kernels::softmax_forward(type(), y.data(), x.data(), elements("softmax.x") / columns, columns);
  expect(y, "softmax.y");
}

TEST_P(KernelsAgreeWithPyTorch, Layernorm) {
  const int64_t width = size("layernorm.x", 2), rows = elements("layernorm.x") / width;
  const DeviceTensor x = input("layernorm.x"), dy = input("layernorm.dy"), y = output("layernorm.y");
  const DeviceTensor weight = floats("layernorm.weight"), bias = floats("layernorm.bias");
  const DeviceTensor mean({rows}, DType::f32), rstd({rows}, DType::f32), dx = output("layernorm.dx");
  const DeviceTensor d_weight = zeros("layernorm.dweight"), d_bias = zeros("layernorm.dbias");
  const DeviceTensor space = scratch(kernels::layernorm_backward_scratch_bytes(rows, width));
  kernels::layernorm_forward(type(), y.data(), mean.floats(), rstd.floats(), x.data(), weight.floats(),
                             bias.floats(), rows, width);
  kernels::layernorm_backward(type(), dx.data(), false, d_weight.floats(), d_bias.floats(), dy.data(),
                              x.data(), weight.floats(), mean.floats(), rstd.floats(), rows, width,
                              space.data());
  expect(y, "layernorm.y");
  expect(dx, "layernorm.dx");
  expect(d_weight, "layernorm.dweight");
  expect(d_bias, "layernorm.dbias");
}

TEST_P(KernelsAgreeWithPyTorch, Embedding) {
  const DeviceTensor tokens(host("embedding.tokens"), DType::i32);
  const DeviceTensor wte = input("embedding.wte"), wpe = input("embedding.wpe"), dy = input("embedding.dy");
  const DeviceTensor y = output("embedding.y"), d_wte = zeros("embedding.dwte"),
                     d_wpe = zeros("embedding.dwpe");
  const int64_t batch = size("embedding.y", 0), positions = size("embedding.y", 1);
  const int64_t width = size("embedding.y", 2), vocabulary = size("embedding.wte", 0);
  const DeviceTensor space = scratch(kernels::embedding_backward_scratch_bytes(batch, positions, width));
  kernels::embedding_forward(type(), y.data(), tokens.ints(), wte.data(), wpe.data(), 0, batch, positions,
                             width);
  kernels::embedding_backward(type(), d_wte.floats(), d_wpe.floats(), dy.data(), tokens.ints(), batch,
                              positions, width, vocabulary, space.data());
  expect(y, "embedding.y");
  expect(d_wte, "embedding.dwte");
  expect(d_wpe, "embedding.dwpe");
}

TEST_P(KernelsAgreeWithPyTorch, Linear) {
  const int64_t inputs = size("linear.x", 2), outputs = size("linear.dy", 2);
  const int64_t rows = elements("linear.x") / inputs;
  const Tensor out_in = host("linear.weight").transpose(0, 1).contiguous();  // the file has (in, out)
  const DeviceTensor x = input("linear.x"), dy = input("linear.dy"), weight(out_in, type());
  const DeviceTensor bias = floats("linear.bias"), y = output("linear.y"), dx = output("linear.dx");
  const DeviceTensor d_weight(Tensor::zeros(out_in.shape()), DType::f32), d_bias = zeros("linear.dbias");
  const DeviceTensor space = scratch(kernels::linear_backward_weight_scratch_bytes(rows, inputs, outputs));
  kernels::linear_forward(type(), type(), y.data(), x.data(), weight.data(), bias.floats(), nullptr, rows,
                          inputs, outputs);
  kernels::linear_backward_input(type(), dx.data(), false, dy.data(), weight.data(), rows, inputs, outputs);
  kernels::linear_backward_weight(type(), d_weight.floats(), d_bias.floats(), dy.data(), x.data(), rows,
                                  inputs, outputs, space.data());
  expect(y, "linear.y");
  expect(dx, "linear.dx");
  expect(d_weight.host().transpose(0, 1).contiguous(), "linear.dweight");
  expect(d_bias, "linear.dbias");
}

TEST_P(KernelsAgreeWithPyTorch, Attention) {
  const int64_t batch = size("attention.y", 0), positions = size("attention.y", 1);
  const int64_t width = size("attention.y", 2), heads = static_cast<int64_t>(file_.number("n_head"));
  const AttentionShape shape{.batch = batch,
                             .positions = positions,
                             .heads = heads,
                             .head_width = width / heads,
                             .sample_stride = 3 * width * positions};
  const DeviceTensor qkv = input("attention.qkv"), dy = input("attention.dy"), y = output("attention.y");
  const DeviceTensor lse({batch, heads, positions}, DType::f32), d_qkv = output("attention.dqkv");
  const DeviceTensor forward = scratch(static_cast<size_t>(attention_forward_scratch_bytes(shape)));
  const DeviceTensor backward = scratch(static_cast<size_t>(attention_backward_scratch_bytes(shape)));
  kernels::attention_forward(type(), y.data(), lse.floats(), qkv.data(), shape, {}, forward.data());
  kernels::attention_backward(type(), d_qkv.data(), dy.data(), y.data(), lse.floats(), qkv.data(), shape, {},
                              backward.data());
  expect(y, "attention.y");
  expect(d_qkv, "attention.dqkv");
}

TEST_P(KernelsAgreeWithPyTorch, CrossEntropy) {
  const int64_t vocabulary = size("cross_entropy.logits", 2);
  const int64_t rows = elements("cross_entropy.logits") / vocabulary;
  const DeviceTensor logits = floats("cross_entropy.logits"), d_logits = output("cross_entropy.dlogits");
  const DeviceTensor targets(host("cross_entropy.targets"), DType::i32);
  const DeviceTensor losses({rows}, DType::f32), lse({rows}, DType::f32), loss({1}, DType::f64);
  const DeviceTensor space = scratch(kernels::sum_scratch_bytes(rows));
  const double one = 1.0 / static_cast<double>(rows);
  kernels::cross_entropy_forward(losses.floats(), lse.floats(), DType::f32, logits.data(), targets.ints(),
                                 rows, vocabulary);
  kernels::cross_entropy_backward(type(), d_logits.data(), DType::f32, logits.data(), lse.floats(),
                                  targets.ints(), one, rows, vocabulary);
  kernels::sum(static_cast<double*>(loss.data()), DType::f32, losses.data(), rows, space.data());
  expect(Tensor::scalar(loss.host().item() * one, DType::f64), "cross_entropy.loss");
  expect(d_logits, "cross_entropy.dlogits");
}

INSTANTIATE_TEST_SUITE_P(Each, KernelsAgreeWithPyTorch,
                         testing::Values(Case{"ops", DType::f32}, Case{"ops", DType::bf16},
                                         Case{"wide_ops", DType::f32}, Case{"wide_ops", DType::bf16}),
                         [](const auto& test) {
                           return fmt::format("{}_{}", test.param.file, test.param.type);
                         });

using OptimizerKernelsAgreeWithPyTorch = KernelTest;

TEST_P(OptimizerKernelsAgreeWithPyTorch, AdamW) {
  const SafetensorsFile file = reference("optimizers");
  const auto adamw = [&](const std::string& option) { return file.number("adamw." + option); };
  const Tensor start = file.tensor("start"), gradients = file.tensor("gradients");
  const int64_t n = start.elements();
  const DeviceTensor value(start, DType::f32);
  const DeviceTensor m(Tensor::zeros({n}), DType::f32), v(Tensor::zeros({n}), DType::f32);
  for (int64_t step = 0; step < gradients.size(0); ++step) {
    const AdamWStep numbers{.learning_rate = file.number("lr"),
                            .beta1 = adamw("beta1"),
                            .beta2 = adamw("beta2"),
                            .epsilon = adamw("eps"),
                            .weight_decay = adamw("weight_decay"),
                            .gradient_scale = 0.5,
                            .step = step + 1};
    const DeviceTensor gradient(gradients.select(0, step) * 2.0, DType::f32);
    kernels::adamw(value.floats(), gradient.floats(), m.floats(), v.floats(), nullptr, n, numbers);
    expect_close(value.host(), file.tensor("adamw.after").select(0, step), 1e-4);
  }
}

TEST_P(OptimizerKernelsAgreeWithPyTorch, GlobalNorm) {
  const SafetensorsFile file = reference("three_heads");
  double squares = 0;
  for (const auto& [name, entry] : file.entries()) {
    if (!name.starts_with("expected.grad.")) continue;
    const DeviceTensor gradient(file.tensor(name), DType::f32), sum({1}, DType::f64);
    const int64_t n = file.tensor(name).elements();
    const DeviceTensor space = scratch(kernels::sum_scratch_bytes(n));
    kernels::sum_of_squares(static_cast<double*>(sum.data()), DType::f32, gradient.data(), n, space.data());
    squares += sum.host().item();
  }
  const double norm = file.tensor("expected.grad_norms").to(DType::f64).data<double>()[0];
  EXPECT_NEAR(std::sqrt(squares), norm, 1e-5 * norm);
}

INSTANTIATE_TEST_SUITE_P(Orders, OptimizerKernelsAgreeWithPyTorch, testing::Range(0, 1));

}  // namespace
}  // namespace gpt
