// gpt eval: loss and perplexity of a trained model.
#include <cmath>

#include "04_text/text_source.hpp"
#include "16_trainer/commands.hpp"
#include "16_trainer/evaluation.hpp"
#include "16_trainer/preparation.hpp"
#include "16_trainer/summary.hpp"
#include "16_trainer/together.hpp"
#include "16_trainer/trained_model.hpp"
#include "common/check.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

struct EvalOptions {
  ModelChoice model;
  std::string data;
  int64_t batch = 0;
  int64_t batches = 0;
  int64_t threads = 0;
};

Tokens tokens_to_judge(const EvalOptions& options, const TrainedModel& trained) {
  if (options.data.empty()) {
    GPT_REQUIRE(!trained.run.path.empty(), "{} belongs to no run: name a text by --data",
                trained.checkpoint.string());
    return Tokens(TokenFile(trained.run.validation_tokens()));
  }
  if (!options.data.ends_with(".tok")) return Tokens(trained.tokenizer->encode(read_text(options.data).text));
  TokenFile file(options.data);
  file.require_tokenizer(trained.tokenizer->fingerprint());
  return Tokens(std::move(file));
}

int eval(const EvalOptions& options, Communicator& communicator) {
  TrainedModel trained;
  Tokens tokens;
  together(communicator, [&] {
    GPT_REQUIRE(options.batch >= 0 && options.batches >= 0, "--batch and --batches must be at least 0");
    trained = load_trained_model(options.model, communicator.rank());
    tokens = tokens_to_judge(options, trained);
    GPT_REQUIRE(tokens.size() >= 2, "there are {} tokens to judge by, and two is the least", tokens.size());
  });
  set_threads(options.threads);
  const int64_t rows = options.batch > 0 ? options.batch : trained.config.batch;
  const auto [loss, predicted] = evaluate(*trained.model, tokens, rows, options.batches, communicator);
  if (communicator.rank() != 0) return exit_ok;
  if (const auto& smaller = trained.smaller)
    fmt::print("{:.2f} MB instead of {:.2f} MB, {:.1f}% of the matrices' numbers are zero\n",
               static_cast<double>(smaller->bytes) / 1e6, static_cast<double>(smaller->bytes_before) / 1e6,
               100 * static_cast<double>(smaller->zeros) / static_cast<double>(smaller->matrix_numbers));
  fmt::print("{}: loss {:.4f} nats per token, perplexity {:.2f}, over {} tokens\n",
             trained.checkpoint.string(), loss, std::exp(loss), with_commas(predicted));
  return exit_ok;
}

}  // namespace

Command add_eval(ArgumentParser& parser) {
  auto options = std::make_shared<EvalOptions>();
  add_model_options(parser, options->model);
  parser.add_option("--data", options->data, "text, or token file (default: the run's validation split)");
  parser.add_option("--batch", options->batch, "sequences at a time (0: as in training)");
  parser.add_option("--batches", options->batches, "batches, spread over the text (0: all of it)");
  parser.add_option("--threads", options->threads, "threads (0: all processors)");
  return [options](Communicator& communicator) { return eval(*options, communicator); };
}

}  // namespace gpt
