// gpt check: does this program compute what PyTorch computed?
#include <cmath>

#include "03_optimizers/clipping.hpp"
#include "05_gpt/weights.hpp"
#include "08_gpu_training/device_choice.hpp"
#include "16_trainer/adamw.hpp"
#include "16_trainer/commands.hpp"
#include "16_trainer/preparation.hpp"
#include "16_trainer/together.hpp"
#include "common/check.hpp"
#include "common/program.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

struct CheckOptions {
  std::string reference;
  double tolerance = 1e-4;
  DeviceChoice device;
  bool verbose = false;
  int64_t threads = 0;
};

/// How far one tensor is from what it should be.
struct Difference {
  std::string kind, name;
  double absolute = 0;  ///< the largest difference of two elements
  double relative = 0;  ///< the same, divided by the expected tensor's largest absolute value
  bool worse_than(const Difference& other) const {
    return !(relative <= other.relative);
  }  // NaN is the worst
};

/// `ours` may be a view. Every element counts; a NaN on either side makes the difference NaN.
Difference compare(std::string kind, std::string name, const Tensor& ours, const Tensor& expected) {
  const Tensor a = ours.host().contiguous().to(DType::f64), b = expected.to(DType::f64);
  GPT_REQUIRE(a.shape() == b.shape(), "the reference's {} {} is {}, and this model's {}", kind, name,
              b.shape(), a.shape());
  double largest = 0, difference = 0;
  for (int64_t i = 0; i < a.elements(); ++i) {
    const double d = std::abs(a.data<double>()[i] - b.data<double>()[i]);
    if (!(d <= difference)) difference = d;
    largest = std::max(largest, std::abs(b.data<double>()[i]));
    if (std::isnan(difference)) break;
  }
  return {std::move(kind), std::move(name), difference,
          difference == 0 ? 0 : difference / std::max(largest, 1e-30)};
}

/// The model of a reference file, and what was computed from it there.
class Reference {
 public:
  Reference(const SafetensorsFile& file, Backend& backend)
      : file_(file), model_(config_of(file), backend, 0), optimizer_(model_.parameters(), backend) {
    const Shape shape{std::span<const int64_t>(file.tensor("input_ids").shape().begin(),
                                               static_cast<size_t>(file.tensor("input_ids").rank()))};
    GPT_REQUIRE(shape.rank() == 2 && shape[1] <= model_.config().context,
                "{}: input_ids is {}, and should be (B, T) with T up to the context of {}",
                file.path().string(), shape, model_.config().context);
    tokens_ = file.tensor("input_ids");
    targets_ = file.tensor("targets", shape);
    for (const int32_t token : tokens_.span<int32_t>())
      GPT_REQUIRE(token >= 0 && token < model_.config().vocabulary,
                  "{}: input_ids has {}, outside the vocabulary of {}", file.path().string(), token,
                  model_.config().vocabulary);
    for (const int32_t token : targets_.span<int32_t>())
      GPT_REQUIRE(token < model_.config().vocabulary, "{}: targets has {}, outside the vocabulary of {}",
                  file.path().string(), token, model_.config().vocabulary);
    load_weights(file, store(), store().values());
    store().refresh_compute_copy();
  }

  std::vector<Difference> differences() {
    std::vector<Difference> all;
    all.push_back(
        compare("logits", "logits", model_.logits(tokens_, {}).value(), file_.tensor("expected.logits")));
    const double loss = gradients();
    all.push_back(compare("loss", "loss",
                          Tensor::scalar(loss, DType::f64).reshape(file_.tensor("expected.loss").shape()),
                          file_.tensor("expected.loss")));
    add(all, "gradient", store().gradients(), "expected.grad.");
    const auto steps = static_cast<int64_t>(file_.number("steps"));
    for (int64_t step = 1; step <= steps; ++step) {
      if (step > 1) gradients();
      improve(step);
    }
    add(all, fmt::format("after {} steps", steps), store().values(), "expected.after_steps.");
    return all;
  }

 private:
  ParameterStore& store() { return model_.parameters(); }

  /// Forward and backward: leaves the gradient in the arena, returns the mean loss.
  double gradients() {
    int64_t counted = 0;
    for (const int32_t target : targets_.span<int32_t>()) counted += target >= 0;
    store().zero_gradients();
    const Variable loss =
        model_.loss(tokens_, targets_, 1.0 / static_cast<double>(counted), {.training = true});
    loss.backward();
    return loss.value().item();
  }

  void improve(int64_t step) {
    const double norm = std::sqrt(model_.backend().sum_of_squares(store().gradients()));
    optimizer_.step({.learning_rate = file_.number("lr"),
                     .beta1 = file_.number("beta1"),
                     .beta2 = file_.number("beta2"),
                     .epsilon = file_.number("eps"),
                     .weight_decay = file_.number("weight_decay"),
                     .gradient_scale = clip_factor(norm, file_.number("grad_clip")),
                     .step = step});
  }

  void add(std::vector<Difference>& all, const std::string& kind, const Tensor& buffer,
           const std::string& prefix) {
    for (const Parameter& parameter : store().parameters())
      all.push_back(compare(kind, parameter.name, published_view(parameter, buffer),
                            file_.tensor(prefix + parameter.name)));
  }

  const SafetensorsFile& file_;
  Gpt model_;
  AdamW optimizer_;
  Tensor tokens_, targets_;
};

int check(const CheckOptions& options) {
  GPT_REQUIRE(options.tolerance > 0, "--tolerance must be more than 0, not {}", options.tolerance);
  set_threads(options.threads);
  const SafetensorsFile file(options.reference);
  const auto backend = make_backend(options.device);
  std::vector<Difference> all = Reference(file, *backend).differences();

  std::vector<Difference> shown;  // all of them, or the worst of each kind
  bool within = true;
  for (const Difference& d : all) {
    within = within && d.relative <= options.tolerance;
    const bool same_kind = !shown.empty() && shown.back().kind == d.kind;
    if (options.verbose || !same_kind)
      shown.push_back(d);
    else if (d.worse_than(shown.back()))
      shown.back() = d;
  }
  Table table({{"what"},
               {options.verbose ? "tensor" : "worst tensor"},
               {"largest error", "", "{:.2e}"},
               {"relative", "", "{:.2e}"}});
  for (const Difference& d : shown) table.row(d.kind, d.name, d.absolute, d.relative);
  fmt::print("{}", table.text());
  fmt::print("{}: {} the tolerance of {} (relative to each tensor's largest value)\n", options.reference,
             within ? "within" : "BEYOND", options.tolerance);
  return within ? exit_ok : exit_failure;
}

}  // namespace

Command add_check(ArgumentParser& parser) {
  auto options = std::make_shared<CheckOptions>();
  parser.add_option("--reference", options->reference, "file of weights, tokens and expected results")
      .required();
  parser.add_option("--tolerance", options->tolerance, "largest relative error");
  parser.add_option("--precision", options->device.precision, "f32, bf16, or tf32");
  parser.add_option("--device", options->device.device,
                    "cuda, cpu, simt, or auto: cuda where there is a GPU");
  parser.add_option("--threads", options->threads, "threads (0: all processors)");
  parser.add_flag("--verbose", options->verbose, "show every tensor, not the worst of each kind alone");
  return [options](Communicator& communicator) {
    int code = exit_ok;
    together(communicator, [&] { code = check(*options); });
    return code;
  };
}

}  // namespace gpt
