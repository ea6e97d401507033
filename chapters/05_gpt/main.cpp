// Chapter 05's program: a GPT taken apart, checked, trained, and made to write.

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <map>

#include "01_tensors/elementwise.hpp"
#include "03_optimizers/clipping.hpp"
#include "03_optimizers/optimizer.hpp"
#include "03_optimizers/schedule.hpp"
#include "04_text/byte_tokenizer.hpp"
#include "04_text/cleaning.hpp"
#include "04_text/data_loader.hpp"
#include "04_text/split.hpp"
#include "04_text/text_source.hpp"
#include "04_text/utf8.hpp"
#include "05_gpt/generate.hpp"
#include "05_gpt/gpt.hpp"
#include "05_gpt/gpt_operations.hpp"
#include "05_gpt/walrus.hpp"
#include "common/chapter_program.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

// [idea]
/// Three positions, one head, one number for each query, key and value.
void show_idea() {
  const auto backend = make_reference_backend();
  const double ln2 = std::log(2.0);
  const Tensor qkv = Tensor::from<double>({1.0, 0.0 * ln2, 7.0,    // position 0: query, key, value
                                           1.0, 1.0 * ln2, 14.0,   // position 1
                                           1.0, 2.0 * ln2, 21.0},  // position 2
                                          {1, 3, 3});
  const Tensor y = attention(*backend, qkv, /*heads=*/1).value();
  for (int64_t t = 0; t < 3; ++t) fmt::print("position {} hears {:.3f}\n", t, y.at<double>({0, t, 0}));

  const Variable logits = Variable::leaf(Tensor::from<double>({0.0, ln2, 2.0 * ln2}, {1, 3}));
  const Variable loss = cross_entropy(*backend, logits, Tensor::from<int32_t>({2}, {1}), 1.0);
  loss.backward();
  fmt::print("loss {:.4f}, gradient {:.4f} {:.4f} {:.4f}\n", loss.value().item(),
             logits.gradient().at<double>({0, 0}), logits.gradient().at<double>({0, 1}),
             logits.gradient().at<double>({0, 2}));
}
// [/idea]

void show_parameters() {
  const auto backend = make_reference_backend(DType::f32);
  Gpt model({.layers = 4, .heads = 4, .width = 128, .context = 64, .vocabulary = 256}, *backend, 1);
  Table table({{"name"}, {"shape"}, {"numbers"}});
  std::string previous;
  const auto& parameters = model.parameters().parameters();
  for (auto p = parameters.rbegin(); p != parameters.rend(); ++p) {  // in order of the forward pass
    if (p->name.starts_with("h.") && !p->name.starts_with("h.0.")) continue;
    table.row(p->name, to_string(p->shape), p->elements);
  }
  fmt::print("{}\nh.1 to h.3 are like h.0; all together {} numbers.\n", table.text(),
             model.parameters().parameter_count());
}

// [forward]
/// One block by hand: the operations that Gpt::logits() strings together.
void show_forward() {
  const auto backend_owner = make_reference_backend();
  Backend& backend = *backend_owner;
  Gpt model({.layers = 1, .heads = 2, .width = 8, .context = 6, .vocabulary = 10}, backend, 1);
  const auto p = [&](std::string_view name) { return model.parameters().variable(name); };
  const auto show = [](std::string_view what, const Variable& x) {
    fmt::print("{:<34} {}\n", what, to_string(x.shape()));
    return x;
  };
  const Tensor tokens = Tensor::from<int32_t>({3, 1, 4, 1, 5, 9, 2, 6, 5, 3}, {2, 5});
  show("tokens", tokens);
  Variable x =
      show("token + position embedding", embedding(backend, tokens, p("wte.weight"), p("wpe.weight")));
  Variable y = show("layernorm", layernorm(backend, x, p("h.0.ln_1.weight"), p("h.0.ln_1.bias")));
  y = show("query, key, value", linear(backend, y, p("h.0.attn.c_attn.weight"), p("h.0.attn.c_attn.bias")));
  y = show("attention of 2 heads", attention(backend, y, 2));
  x = show("projection + residual",
           linear(backend, y, p("h.0.attn.c_proj.weight"), p("h.0.attn.c_proj.bias"), x));
  y = show("layernorm", layernorm(backend, x, p("h.0.ln_2.weight"), p("h.0.ln_2.bias")));
  y = show("four times as wide", linear(backend, y, p("h.0.mlp.c_fc.weight"), p("h.0.mlp.c_fc.bias")));
  y = show("gelu", gelu(backend, y));
  x = show("projection + residual",
           linear(backend, y, p("h.0.mlp.c_proj.weight"), p("h.0.mlp.c_proj.bias"), x));
  x = show("last layernorm", layernorm(backend, x, p("ln_f.weight"), p("ln_f.bias")));
  x = show("logits: times the token table", unembedding(backend, x, p("wte.weight")));
  fmt::print("the model says the same: {}\n",
             max_difference(x.value(), model.logits(tokens, {}).value()) == 0.0 ? "yes" : "no");
}
// [/forward]

// [gradients]
/// The whole model's gradient against finite differences, in double precision.
void show_gradients() {
  const auto backend = make_reference_backend();
  Gpt model({.layers = 2, .heads = 2, .width = 8, .context = 6, .vocabulary = 10, .dropout = 0.1f}, *backend,
            1);
  const Tensor tokens = Tensor::from<int32_t>({3, 1, 4, 1, 5, 9, 2, 6, 5, 3}, {2, 5});
  const Tensor targets = Tensor::from<int32_t>({1, 4, 1, 5, 9, 2, 6, 5, 3, 5}, {2, 5});
  const Pass pass{.training = true, .seed = 1, .step = 1};
  const auto loss = [&] { return model.loss(tokens, targets, 0.1, pass); };
  loss().backward();

  std::map<std::string, std::pair<int64_t, double>> checked;  // kind of parameter → numbers, worst difference
  for (const Parameter& p : model.parameters().parameters()) {
    const std::string kind = p.name.starts_with("h.") ? "h.*" + p.name.substr(3) : p.name;
    auto& [count, worst] = checked[kind];
    for (int64_t i = 0; i < p.elements; i += 7, ++count) {
      double& value = model.parameters().values().data<double>()[p.offset + i];
      const double before = value, h = 1e-5;
      value = before + h;
      const double above = loss().value().item();
      value = before - h;
      const double below = loss().value().item();
      value = before;
      const double analytic = model.parameters().gradients().data<double>()[p.offset + i];
      worst = std::max(worst, std::abs(analytic - (above - below) / (2 * h)));
    }
  }
  Table table({{"parameter"}, {"numbers checked"}, {"agree within 1e-8"}});
  for (const auto& [kind, result] : checked)
    table.row(kind, result.first, result.second < 1e-8 ? "yes" : "NO");
  fmt::print("{}", table.text());
}
// [/gradients]

void show_cost() {
  const struct {
    const char* name;
    GptConfig config;
  } models[] = {
      {"shakespeare-char", {.layers = 4, .heads = 4, .width = 128, .context = 64, .vocabulary = 65}},
      {"small", {.layers = 6, .heads = 6, .width = 384, .context = 256, .vocabulary = 256}},
      {"GPT-2 124M", {.layers = 12, .heads = 12, .width = 768, .context = 1024, .vocabulary = 50257}}};
  Table table({{"model"},
               {"parameters"},
               {"with AdamW", "MB", "{:.1f}"},
               {"work", "MFLOP/token", "{:.1f}"},
               {"attention", "%", "{:.0f}"},
               {"tape, f32", "kB/token", "{:.1f}"},
               {"tape, bf16", "kB/token", "{:.1f}"}});
  for (const auto& [name, config] : models) {
    const double work = approximate_flops_per_token(config, config.context);
    const auto count = parameter_count(config);
    table.row(name, count, 16e-6 * static_cast<double>(count), work * 1e-6,
              100.0 * (1.0 - approximate_flops_per_token(config, 0) / work),
              activation_bytes_per_token(config, 4) * 1e-3, activation_bytes_per_token(config, 2) * 1e-3);
  }
  fmt::print("{}", table.text());
}

/// What to train on, and how long.
struct Recipe {
  std::string text;
  GptConfig config;
  int64_t batch = 0, steps = 0, report_every = 0;
  double learning_rate = 0.0;
  std::function<std::unique_ptr<Backend>()> make_backend;
};

/// A model and what it computes with.
struct Trained {
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Gpt> model;
};

/// Of the first `count` targets of `tokens`.
double mean_loss(Gpt& model, const Tokens& tokens, int64_t count, int64_t rows) {
  double sum = 0.0;
  const SequentialBatches batches(tokens.slice(0, std::min(tokens.size(), count + 1)), model.config().context,
                                  rows);
  for (int64_t i = 0; i < batches.size(); ++i) {
    const Batch batch = batches[i];
    sum += model.loss(batch.inputs, batch.targets, 1.0, {}).value().item();
  }
  return sum / static_cast<double>(batches.targets());
}

Trained train(const Recipe& recipe, bool show_speed) {
  Trained result{recipe.make_backend(), nullptr};
  result.model = std::make_unique<Gpt>(recipe.config, *result.backend, /*seed=*/1);
  Gpt& model = *result.model;

  // [train]
  const TokenSplit split = split_tokens(Tokens(ByteTokenizer().encode(recipe.text)), 0.1);
  const DataLoader loader(split.training, recipe.config.context, recipe.batch, /*seed=*/1);
  const auto optimizer = make_optimizer("adamw", model.parameters(), {.beta2 = 0.99, .weight_decay = 0.1});
  const Schedule rate =
      cosine_schedule(recipe.learning_rate, recipe.learning_rate / 10, recipe.steps / 20, recipe.steps);
  fmt::print("{} parameters learn from {} bytes, {} at a time.\n\n", model.parameters().parameter_count(),
             split.training.size(), recipe.batch * recipe.config.context);

  const auto start = std::chrono::steady_clock::now();
  for (int64_t step = 0; step < recipe.steps; ++step) {
    const Batch batch = loader.batch(step);
    const double scale = 1.0 / static_cast<double>(batch.targets.elements());
    model.parameters().zero_gradients();
    const Variable loss = model.loss(batch.inputs, batch.targets, scale,
                                     {.training = true, .seed = 1, .step = static_cast<uint64_t>(step)});
    loss.backward();
    clip_gradients(model.parameters().gradients(), 1.0);
    optimizer->step(rate(step));

    if (step % recipe.report_every == 0 || step + 1 == recipe.steps)
      fmt::print("step {:4}   loss {:.3f}   validation {:.3f}\n", step, loss.value().item(),
                 mean_loss(model, split.validation, 4096, recipe.batch));
  }
  // [/train]
  if (show_speed) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const auto tokens = static_cast<double>(recipe.steps * recipe.batch * recipe.config.context);
    fmt::print("\n{:.0f} tokens a second, {:.1f} s\n", tokens / seconds.count(), seconds.count());
  }
  return result;
}

void show_writing(Gpt& model, const std::string& prompt, int64_t count) {
  const ByteTokenizer tokenizer;
  const auto write = [&](const std::string& how, const Sampling& sampling) {
    const std::vector<int32_t> text = generate(model, tokenizer.encode(prompt), count, sampling);
    std::string shown = prompt + tokenizer.decode(text);
    // Bytes are drawn one by one, and need not make characters.
    while (const auto bad = first_invalid_utf8(shown)) shown[*bad] = '?';
    shown = remove_control_characters(shown);
    fmt::print("--- {}\n{}\n", how, shown);
  };
  write("always the most probable byte (temperature 0)", {.temperature = 0.0});
  write("temperature 0.8", {.temperature = 0.8});
  write("temperature 0.8, of the 5 most probable bytes", {.temperature = 0.8, .top_k = 5});
  write("temperature 1.5, of the most probable bytes that reach 0.9", {.temperature = 1.5, .top_p = 0.9});
}

}  // namespace

int main(int argc, char** argv) {
  ChapterProgram program("05_gpt", "A GPT taken apart, checked, trained, and made to write.");
  std::string data;
  int64_t steps = 0;
  program.options().add_option("--data", data, "Text to learn: a file or a folder (default: the book)");
  program.options().add_option("--steps", steps, "Training steps (0 = the recipe's)");

  std::optional<Trained> trained;
  const auto recipe = [&] {
    Recipe r;
    if (program.stable()) {
      // In f64, so that on every machine the rounding stays far below the digits shown.
      r = {.text = std::string(walrus),
           .config = {.layers = 2, .heads = 2, .width = 32, .context = 32},
           .batch = 8,
           .steps = 600,
           .report_every = 100,
           .learning_rate = 6e-3,
           .make_backend = [] { return make_reference_backend(DType::f64); }};
    } else {
      r = {.text = std::filesystem::exists(data) ? read_text(data, {".md", ".hpp", ".cpp"}).text
                                                 : std::string(walrus),
           .config = {.layers = 4, .heads = 4, .width = 128, .context = 64},
           .batch = 12,
           .steps = 1000,
           .report_every = 100,
           .learning_rate = 2e-3,
           .make_backend = [] { return make_cpu_backend(DType::f32); }};
    }
    if (steps > 0) r.steps = steps;
    if (data.empty() && !program.stable() && std::filesystem::exists("chapters")) data = "chapters";
    if (!data.empty()) r.text = read_text(data, {".md", ".hpp", ".cpp"}).text;
    return r;
  };
  const auto train_once = [&] {
    if (!trained) trained = train(recipe(), !program.stable());
  };

  program.section("idea", "Attention and cross-entropy, by hand", show_idea);
  program.section("parameters", "What a GPT is made of", show_parameters);
  program.section("forward", "One forward pass, step by step", show_forward);
  program.section("gradients", "Are the gradients right?", show_gradients);
  program.section("cost", "What a token costs", show_cost);
  program.section("training", "Learning to predict the next byte", train_once);
  program.section("writing", "Writing", [&] {
    train_once();
    program.stable() ? show_writing(*trained->model, "The Walrus", 120)
                     : show_writing(*trained->model, "The ", 200);
  });
  return program.run(argc, argv);
}
