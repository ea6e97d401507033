// Whole GPTs against PyTorch: logits, loss, gradients, and the weights after ten steps of training.

#include "03_optimizers/clipping.hpp"
#include "03_optimizers/optimizer.hpp"
#include "05_gpt/weights.hpp"
#include "oracle.hpp"

namespace gpt {
namespace {

class ModelAgreesWithPyTorch : public testing::TestWithParam<std::tuple<Tested, std::string>> {
 protected:
  ModelAgreesWithPyTorch() {
    load_weights(file_, model_.parameters(), model_.parameters().values());
    model_.parameters().refresh_compute_copy();
  }

  /// Forward and backward; returns the mean loss of all tokens.
  double compute_gradients() {
    model_.parameters().zero_gradients();
    const double scale = 1.0 / static_cast<double>(tokens_.elements());
    const Variable loss = model_.loss(tokens_, targets_, scale, {.training = true});
    loss.backward();
    model_.backend().synchronize();
    return loss.value().item();
  }

  void expect_weights(const Tensor& buffer, const std::string& prefix) const {
    for (const Parameter& parameter : model_.parameters().parameters()) {
      const std::string name = prefix + parameter.name;
      const Tensor ours = published_view(parameter, buffer).to(DType::f32);
      expect_close(ours, file_.tensor(name), tested().tolerance, name);
    }
  }

  const Tested& tested() const { return std::get<0>(GetParam()); }

  SafetensorsFile file_ = oracle_file(std::get<1>(GetParam()));
  std::unique_ptr<Backend> backend_ = tested().make(tested().type);
  Gpt model_{config_of(file_), *backend_, 1};
  Tensor tokens_ = file_.tensor("input_ids"), targets_ = file_.tensor("targets");
};

TEST_P(ModelAgreesWithPyTorch, LogitsLossAndGradients) {
  const Tensor logits = model_.logits(tokens_, {}).value();
  expect_close(logits.to(DType::f32), file_.tensor("expected.logits"), tested().tolerance, "logits");
  EXPECT_NEAR(compute_gradients(), file_.tensor("expected.loss").item(), 1e-5);
  expect_weights(model_.parameters().gradients(), "expected.grad.");
}

TEST_P(ModelAgreesWithPyTorch, WeightsAfterTenStepsOfAdamW) {
  const OptimizerOptions options{.beta1 = file_.number("beta1"),
                                 .beta2 = file_.number("beta2"),
                                 .epsilon = file_.number("eps"),
                                 .weight_decay = file_.number("weight_decay")};
  const auto optimizer = make_optimizer("adamw", model_.parameters(), options);
  const Tensor losses = file_.tensor("expected.losses"), norms = file_.tensor("expected.grad_norms");
  for (int64_t step = 0; step < static_cast<int64_t>(file_.number("steps")); ++step) {
    EXPECT_NEAR(compute_gradients(), losses.at<float>({step}), 1e-5) << "step " << step;
    const double norm = clip_gradients(model_.parameters().gradients(), file_.number("grad_clip"));
    EXPECT_NEAR(norm / norms.at<float>({step}), 1.0, 1e-5) << "step " << step;
    optimizer->step(file_.number("lr"));
  }
  expect_weights(model_.parameters().values(), "expected.after_steps.");
}

// In double precision all that is left is the rounding of the file, which is in single precision.
INSTANTIATE_TEST_SUITE_P(
    Each, ModelAgreesWithPyTorch,
    testing::Combine(testing::Values(Tested{"reference_f64", make_reference_backend, DType::f64, 2e-7},
                                     Tested{"reference_f32", make_reference_backend, DType::f32, 1e-5},
                                     Tested{"cpu_f32", make_cpu_backend, DType::f32, 1e-5}),
                     testing::Values("one_layer", "three_heads", "three_layers", "long_context")),
    [](const auto& test) { return std::get<0>(test.param).name + "_" + std::get<1>(test.param); });

}  // namespace
}  // namespace gpt
