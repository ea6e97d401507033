#include "16_trainer/presets.hpp"

#include "common/argument_parser.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

// [book]
/// The default: a model learns to write this book, in about three minutes on two processors.
TrainConfig book() {
  TrainConfig c;
  c.tokenizer = "bpe:1024";
  c.layers = 4, c.heads = 4, c.width = 256, c.context = 128, c.dropout = 0.0;
  c.batch = 16, c.steps = 1200;
  c.lr = 3e-3, c.min_lr = 1e-4, c.warmup = 100;
  c.eval_every = 100, c.checkpoint_every = 100, c.sample_length = 400;
  return c;
}
// [/book]

/// nanoGPT's recipe for a processor (Karpathy, 2022): the characters of Shakespeare's plays. Its learning
/// rate is 1e-3, with which 2,000 steps end at a validation loss of 1.91 here; 2e-3 ends at 1.81 and 4e-3
/// at 1.75.
TrainConfig shakespeare_char() {
  TrainConfig c;
  c.tokenizer = "char";
  c.layers = 4, c.heads = 4, c.width = 128, c.context = 64, c.dropout = 0.0;
  c.batch = 12, c.steps = 2000;
  c.lr = 4e-3, c.min_lr = 1e-4, c.warmup = 100;
  c.beta2 = 0.99, c.weight_decay = 0.1, c.clip = 1.0;
  c.eval_every = 250, c.checkpoint_every = 250;
  return c;
}

/// Ten million parameters over bytes: the model whose speed this book measures.
TrainConfig small() {
  TrainConfig c;
  c.tokenizer = "byte";
  c.layers = 6, c.heads = 6, c.width = 384, c.context = 256, c.dropout = 0.0;
  c.batch = 12, c.steps = 2000;
  c.lr = 1e-3, c.min_lr = 1e-4, c.warmup = 100;
  c.eval_every = 250, c.checkpoint_every = 250;
  return c;
}

/// GPT-2 with 124 million parameters (Radford et al., 2019), trained as GPT-3 of that size (Brown et al.,
/// 2020). Wants GPT-2's tokenizer: --tokenizer FOLDER with vocab.json and merges.txt.
TrainConfig gpt2() {
  TrainConfig c;
  c.tokenizer = "bpe:50257";
  c.layers = 12, c.heads = 12, c.width = 768, c.context = 1024, c.dropout = 0.0;
  c.batch = 512, c.micro_batch = 4, c.steps = 19000;
  c.lr = 6e-4, c.min_lr = 6e-5, c.warmup = 700;
  c.beta2 = 0.95, c.weight_decay = 0.1, c.precision = "bf16";
  c.eval_every = 250, c.eval_batches = 20, c.checkpoint_every = 1000;
  return c;
}

}  // namespace

const std::vector<std::pair<std::string, std::string>>& preset_names() {
  static const std::vector<std::pair<std::string, std::string>> names{
      {"book", "the book itself, in three minutes on two processors"},
      {"shakespeare-char", "nanoGPT's small model of Shakespeare's characters"},
      {"small", "10.7 million parameters over bytes"},
      {"gpt2", "GPT-2 with 124 million parameters"}};
  return names;
}

TrainConfig preset(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, meaning] : preset_names()) names.push_back(known);
  TrainConfig config;
  if (name == "book")
    config = book();
  else if (name == "shakespeare-char")
    config = shakespeare_char();
  else if (name == "small")
    config = small();
  else if (name == "gpt2")
    config = gpt2();
  else {
    const std::string nearest = nearest_name(name, names);
    throw UserError(nearest.empty()
                        ? fmt::format("there is no preset '{}'; there are {}", name, fmt::join(names, ", "))
                        : fmt::format("there is no preset '{}'; did you mean {}?", name, nearest));
  }
  config.preset = name;
  return config;
}

}  // namespace gpt
