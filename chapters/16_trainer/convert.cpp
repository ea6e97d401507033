// gpt convert: models and tokens from and to the files of other programs.
#include <nlohmann/json.hpp>

#include "16_trainer/checkpoint.hpp"
#include "16_trainer/commands.hpp"
#include "16_trainer/hugging_face.hpp"
#include "16_trainer/llm_c_tokens.hpp"
#include "16_trainer/summary.hpp"
#include "16_trainer/together.hpp"
#include "common/check.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;

struct ConvertOptions {
  std::string from, to, out, tokenizer;
};

/// A run stands for its newest checkpoint, and a checkpoint, verified, for its weights.
fs::path weights_in(fs::path path) {
  if (RunFolder{path}.holds_a_run() && fs::is_directory(RunFolder{path}.checkpoints())) {
    const auto checkpoints = list_checkpoints(RunFolder{path}.checkpoints());
    GPT_REQUIRE(!checkpoints.empty(), "the run in {} has no checkpoint yet", path.string());
    path = checkpoints.back();
  }
  if (!fs::exists(path / "state.json")) return path;
  verify_checkpoint(path);
  return path / "model.safetensors";
}

void convert_model(const ConvertOptions& options) {
  const fs::path from = weights_in(options.from);
  const PublishedModel model = read_published(from);
  if (options.to == "huggingface")
    to_hugging_face(model, options.out);
  else
    to_weights(model, options.out);
  fmt::print("{} parameters from {} to {}\n", with_commas(parameter_count(model.config)), from.string(),
             options.out);
}

void convert_tokens(const ConvertOptions& options) {
  int64_t count = 0;
  GPT_REQUIRE(!fs::is_directory(options.from), "{} is a folder, and --to {} wants a token file", options.from,
              options.to);
  if (options.to == "llm.c") {
    count = to_llm_c_tokens(options.from, options.out);
  } else {
    GPT_REQUIRE(!options.tokenizer.empty(), "{} does not say which tokenizer made it: name it by --tokenizer",
                options.from);
    count = from_llm_c_tokens(options.from, *load_tokenizer(options.tokenizer), options.out);
  }
  fmt::print("{} tokens from {} to {}\n", with_commas(count), options.from, options.out);
}

void convert(const ConvertOptions& options) {
  GPT_REQUIRE(fs::exists(options.from), "there is no {}", options.from);
  const bool tokens = options.to == "llm.c" || options.to == "tokens";
  GPT_REQUIRE(tokens || options.to == "huggingface" || options.to == "weights",
              "--to takes huggingface, weights, llm.c or tokens, not '{}'", options.to);
  if (tokens)
    convert_tokens(options);
  else
    convert_model(options);
}

}  // namespace

Command add_convert(ArgumentParser& parser) {
  auto options = std::make_shared<ConvertOptions>();
  parser
      .add_option("from", options->from,
                  "a run, a checkpoint, a file of weights, a folder of Hugging Face's; a token file")
      .required();
  parser
      .add_option(
          "--to", options->to,
          "huggingface (a folder), weights (a file as checkpoints have it), llm.c or tokens (token files)")
      .required();
  parser.add_option("--out", options->out, "what to write; it must not be there").required();
  parser.add_option("--tokenizer", options->tokenizer,
                    "with --to tokens: file or folder of the tokenizer that made them");
  return [options](Communicator& communicator) {
    on_first_rank(communicator, [&] { convert(*options); });
    return static_cast<int>(exit_ok);
  };
}

}  // namespace gpt
