#include "16_trainer/summary.hpp"

#include <omp.h>

#include "15_sharding/predictions.hpp"

namespace gpt {

std::string with_commas(int64_t number) {
  std::string text = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(text.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3)
    text.insert(static_cast<size_t>(at), ",");
  return text;
}

namespace {

double megabytes(int64_t parameters) {
  return static_cast<double>(training_bytes(parameters)) / 1e6;
}

}  // namespace

std::string summary(const TrainConfig& c, const RunFolder& run, const TrainingData& data, const Gpt& model,
                    int ranks, const std::string& sums, int64_t step) {
  const int64_t tokens = c.batch * c.context;
  const int threads = omp_get_max_threads();
  std::string text;
  text += fmt::format("model    {} parameters: {} layers, {} heads, width {}, context {}, vocabulary {}\n",
                      with_commas(parameter_count(model.config())), c.layers, c.heads, c.width, c.context,
                      with_commas(model.config().vocabulary));
  text += fmt::format("data     {}: {} tokens to train on, {} for validation ({} tokenizer)\n",
                      c.data.empty() ? "the book itself" : c.data, with_commas(data.training.size()),
                      with_commas(data.validation.size()), data.tokenizer->kind());
  text += fmt::format(
      "batch    {} sequences, {} tokens a step; {} steps are {:.1f} times the data\n", c.batch,
      with_commas(tokens), with_commas(c.steps),
      static_cast<double>(c.steps) * static_cast<double>(tokens) / static_cast<double>(data.training.size()));
  const Backend& backend = model.backend();
  text +=
      fmt::format("machine  {} rank{} with {} thread{}{}, {}{}; {:.1f} MFLOP per token\n", ranks,
                  ranks == 1 ? "" : "s", threads, threads == 1 ? "" : "s", ranks == 1 ? "" : " each",
                  c.precision, backend.device() == Device::cpu ? "" : fmt::format(" on {}", backend.name()),
                  approximate_flops_per_token(model.config(), c.context) / 1e6);
  if (c.tp > 1)
    text += fmt::format(
        "shares   {} neighbours share a model, {} such groups divide the batch; a rank keeps {:.3g} MB of "
        "parameters, gradients and moments, of {:.3g}\n",
        c.tp, ranks / c.tp, megabytes(model.parameters().parameter_count()),
        megabytes(parameter_count(model.config())));
  if (!sums.empty()) text += fmt::format("sums     {}\n", sums);
  text += fmt::format("folder   {}{}\n", run.path.string(),
                      step > 0 ? fmt::format(", from step {} on", step) : "");
  return text;
}

}  // namespace gpt
