// gpt sample: text from a trained model, as it is drawn.
#include <iostream>
#include <iterator>

#include "04_text/cleaning.hpp"
#include "16_trainer/commands.hpp"
#include "16_trainer/preparation.hpp"
#include "16_trainer/text_stream.hpp"
#include "16_trainer/together.hpp"
#include "16_trainer/trained_model.hpp"
#include "common/check.hpp"
#include "common/file.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

struct SampleOptions {
  ModelChoice model;
  Sampling sampling{.temperature = 0.8};
  std::string prompt = "\n";
  std::string prompt_file;
  int64_t samples = 1;
  int64_t length = 400;
  int64_t threads = 0;
};

std::string prompt_of(const SampleOptions& options) {
  if (options.prompt_file.empty()) return options.prompt;
  if (options.prompt_file != "-") return read_file(options.prompt_file);
  return {std::istreambuf_iterator<char>(std::cin), {}};
}

std::vector<int32_t> encoded(const Tokenizer& tokenizer, std::string& prompt, bool chosen) {
  try {
    return tokenizer.encode(prompt);
  } catch (const UserError&) {
    if (chosen) throw;
    prompt.clear();  // a tokenizer of the characters of a single line has no line feed to begin with
    return {0};
  }
}

void sample(const SampleOptions& options) {
  options.sampling.validate();
  const bool chosen = options.prompt != "\n" || !options.prompt_file.empty();
  GPT_REQUIRE(options.prompt == "\n" || options.prompt_file.empty(),
              "--prompt and --prompt-file exclude each other");
  GPT_REQUIRE(options.length >= 0, "--length must be at least 0, not {}", options.length);
  GPT_REQUIRE(options.samples >= 1, "--samples must be at least 1, not {}", options.samples);
  set_threads(options.threads);
  std::string text = prompt_of(options);
  const TrainedModel trained = load_trained_model(options.model);
  const std::vector<int32_t> prompt = encoded(*trained.tokenizer, text, chosen);
  GPT_REQUIRE(!prompt.empty(), "{} needs at least one character",
              options.prompt_file.empty() ? "--prompt" : "--prompt-file");

  TextStream stream(*trained.tokenizer, [](std::string_view words) {
    fmt::print("{}", remove_control_characters(words));  // which a terminal would obey
    std::fflush(stdout);
  });
  Sampling sampling = options.sampling;
  for (int64_t i = 0; i < options.samples; ++i, ++sampling.seed) {  // each as --seed would write it alone
    if (i > 0) fmt::print("---\n");
    fmt::print("{}", text);
    generate(*trained.model, prompt, options.length, sampling, [&](int32_t token) { stream.put(token); });
    stream.finish();
    fmt::print("\n");
  }
}

}  // namespace

Command add_sample(ArgumentParser& parser) {
  auto options = std::make_shared<SampleOptions>();
  add_model_options(parser, options->model);
  parser.add_option("--prompt", options->prompt, "text to go on from");
  parser.add_option("--prompt-file", options->prompt_file,
                    "the same from a file, to its last byte; - is standard input");
  parser.add_option("--samples", options->samples,
                    "texts to write, with this seed, the next, …, and --- between them");
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
