// gpt sample: text from a trained model, as it is drawn.
#include "04_text/cleaning.hpp"
#include "16_trainer/commands.hpp"
#include "16_trainer/preparation.hpp"
#include "16_trainer/text_stream.hpp"
#include "16_trainer/together.hpp"
#include "16_trainer/trained_model.hpp"
#include "common/check.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

struct SampleOptions {
  ModelChoice model;
  Sampling sampling{.temperature = 0.8};
  std::string prompt = "\n";
  int64_t length = 400;
  int64_t threads = 0;
};

void sample(const SampleOptions& options) {
  options.sampling.validate();
  GPT_REQUIRE(options.length >= 0, "--length must be at least 0, not {}", options.length);
  set_threads(options.threads);
  const TrainedModel trained = load_trained_model(options.model);
  const std::vector<int32_t> prompt = trained.tokenizer->encode(options.prompt);
  GPT_REQUIRE(!prompt.empty(), "--prompt needs at least one character");

  TextStream stream(*trained.tokenizer, [](std::string_view text) {
    fmt::print("{}", remove_control_characters(text));  // which a terminal would obey
    std::fflush(stdout);
  });
  fmt::print("{}", options.prompt);
  generate(*trained.model, prompt, options.length, options.sampling,
           [&](int32_t token) { stream.put(token); });
  stream.finish();
  fmt::print("\n");
}

}  // namespace

Command add_sample(ArgumentParser& parser) {
  auto options = std::make_shared<SampleOptions>();
  add_model_options(parser, options->model);
  parser.add_option("--prompt", options->prompt, "text to go on from");
  parser.add_option("--length", options->length, "tokens to write");
  parser.add_option("--temperature", options->sampling.temperature,
                    "below 1: bolder; 0: always the most probable token");
  parser.add_option("--top-k", options->sampling.top_k, "draw from the K most probable tokens only (0: all)");
  parser.add_option("--top-p", options->sampling.top_p,
                    "draw from the most probable tokens that reach P together");
  parser.add_option("--seed", options->sampling.seed, "another seed, another text");
  parser.add_option("--threads", options->threads, "threads (0: all processors)");
  return [options](Communicator& communicator) {
    together(communicator, [&] { sample(*options); });
    return static_cast<int>(exit_ok);
  };
}

}  // namespace gpt
