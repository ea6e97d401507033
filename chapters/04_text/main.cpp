// One sentence all the way from text to batch.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>

#include "04_text/bpe_training.hpp"
#include "04_text/byte_tokenizer.hpp"
#include "04_text/char_tokenizer.hpp"
#include "04_text/cleaning.hpp"
#include "04_text/data_loader.hpp"
#include "04_text/gpt2_split.hpp"
#include "04_text/sample_text.hpp"
#include "04_text/split.hpp"
#include "04_text/text_source.hpp"
#include "04_text/utf8.hpp"
#include "common/chapter_program.hpp"
#include "common/plot.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

const std::string raw_sentence = "\uFEFF“Curiouser  and curiouser!” cried Alice — she’d lost 2 cafés…\r\n";

/// Text as one line: spaces as dots in the middle, what does not show by its number.
std::string visible(std::string_view text) {
  std::string shown;
  for (size_t at = 0; at < text.size();) {
    if (utf8_length(text, at) == 0) {
      shown += fmt::format("<{:02x}>", static_cast<uint8_t>(text[at++]));
      continue;
    }
    const char32_t c = decode_utf8(text, at);
    if (c == ' ') {
      shown += "·";
    } else if (c < ' ' || c == 0x7F || c == 0xFEFF) {
      shown += c == '\n' ? "<LF>" : c == '\r' ? "<CR>" : fmt::format("<U+{:04X}>", static_cast<uint32_t>(c));
    } else {
      append_utf8(shown, c);
    }
  }
  return shown;
}

/// The pieces that tokens stand for, with bars between them.
std::string visible(const Tokenizer& tokenizer, std::span<const int32_t> tokens) {
  std::string shown;
  for (int32_t token : tokens) shown += (shown.empty() ? "" : "|") + visible(tokenizer.token_bytes(token));
  return shown;
}

std::string clean_sentence() {
  CleaningOptions options;
  options.punctuation = options.whitespace = true;
  return clean(raw_sentence, options);
}

/// The text that the program works on, cleaned: a part to learn from and a part to check on.
struct Corpus {
  std::string text;
  TextSplit split;

  explicit Corpus(const std::string& path)
      : text(path.empty() ? clean(sample_text, {.punctuation = true}) : clean(read_text(path).text)),
        split(split_text(text, 0.1)) {}
};

void show_cleaning() {
  fmt::print("raw      {:3} bytes, {} characters   {}\n", raw_sentence.size(),
             count_code_points(raw_sentence), visible(raw_sentence));
  const std::string cleaned = clean_sentence();
  fmt::print("cleaned  {:3} bytes, {} characters   {}\n", cleaned.size(), count_code_points(cleaned),
             visible(cleaned));
  fmt::print("\nOn request, and not for a model that shall write sentences:\n");
  fmt::print("lower case      {}\n", visible(lower_case(cleaned)));
  fmt::print("no stop words   {}\n", visible(remove_stop_words(cleaned)));
}

void show_pieces() {
  int count = 0;
  for_each_piece(gpt2_splitting_rule(), clean_sentence(), [&](std::string_view piece) {
    fmt::print("{}{}", count++ > 0 ? " | " : "", visible(piece));
  });
  fmt::print("\n\n{} pieces. A merge never crosses a bar.\n", count);
}

/// Trains on `text` and shows the steps that `wanted` picks by their number, from 1.
BpeTokenizer show_training(std::string_view text, int32_t vocabulary_size, bool (*wanted)(int)) {
  Table table({{"step"}, {"left"}, {"right"}, {"token"}, {"stands for"}, {"count"}});
  std::vector<std::string> bytes;  // token → what it stands for
  for (int i = 0; i < 256; ++i) bytes.push_back(std::string(1, static_cast<char>(i)));
  int step = 0;
  BpeTokenizer trained = train_bpe(text, vocabulary_size, [&](const BpeTrainingStep& learned) {
    const std::string left = bytes[static_cast<size_t>(learned.merge.left)];
    const std::string right = bytes[static_cast<size_t>(learned.merge.right)];
    bytes.push_back(left + right);
    if (wanted(++step))
      table.row(step, visible(left), visible(right), learned.merge.token, visible(bytes.back()),
                learned.count);
  });
  fmt::print("{}", table.text());
  return trained;
}

void show_example() {
  const std::string text = "low low low lower slow";
  fmt::print("{}\n\n", visible(text));
  const BpeTokenizer bpe = show_training(text, 1024, [](int) { return true; });
  fmt::print("\nNo pair is left that occurs twice. Words never seen before:\n\n");
  for (const char* word : {"slower", "lowest", "blow"})
    fmt::print("{:8}{}\n", word, visible(bpe, bpe.encode(word)));
}

/// Encodes one piece in the slow way, to watch it.
void show_merging(const BpeTokenizer& tokenizer, std::string_view piece) {
  std::vector<int32_t> tokens;
  for (char c : piece) tokens.push_back(static_cast<uint8_t>(c));
  Table table({{"merge"}, {"of the piece"}, {"as tokens"}});
  table.row("", visible(tokenizer, tokens), fmt::format("{}", fmt::join(tokens, " ")));
  for (;;) {
    int32_t best = -1;
    size_t place = 0;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      const int32_t rank = tokenizer.merge_rank(tokens[i], tokens[i + 1]);
      if (rank >= 0 && (best < 0 || rank < best)) best = rank, place = i;
    }
    if (best < 0) break;
    tokens[place] = tokenizer.merges()[static_cast<size_t>(best)].token;
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(place) + 1);
    table.row(fmt::format("no. {}", best + 1), visible(tokenizer, tokens),
              fmt::format("{}", fmt::join(tokens, " ")));
  }
  fmt::print("{}", table.text());
}

void show_tokens(const BpeTokenizer& bpe) {
  const std::string sentence = clean_sentence();
  const auto tokens = bpe.encode(sentence);
  fmt::print("{}\n\n{}\n\n", visible(bpe, tokens), fmt::join(tokens, " "));
  fmt::print("{} bytes in {} tokens; decoded again {}.\n", sentence.size(), tokens.size(),
             bpe.decode(tokens) == sentence ? "it is the same sentence" : "it is WRONG");
}

/// Bytes per token: how much text a model with a fixed context sees.
double bytes_per_token(const Tokenizer& tokenizer, std::string_view text) {
  return static_cast<double>(text.size()) / static_cast<double>(tokenizer.encode(text).size());
}

void show_compression(const Corpus& corpus, const std::string& picture) {
  Table table({{"tokenizer"},
               {"vocabulary"},
               {"training", "bytes/token", "{:.2f}"},
               {"validation", "bytes/token", "{:.2f}"}});
  const auto row = [&](const std::string& name, const Tokenizer& tokenizer) {
    table.row(name, tokenizer.vocabulary_size(), bytes_per_token(tokenizer, corpus.split.training),
              bytes_per_token(tokenizer, corpus.split.validation));
  };
  row("byte", ByteTokenizer());
  row("character", CharTokenizer(corpus.text));
  PlotSeries training{"training part", {}, true}, validation{"validation part", {}, true};
  for (int32_t vocabulary_size : {257, 288, 320, 352, 384, 448, 512, 1024}) {
    const BpeTokenizer bpe = train_bpe(corpus.split.training, vocabulary_size);
    row("BPE", bpe);
    const auto x = static_cast<double>(bpe.vocabulary_size());
    training.points.push_back({x, bytes_per_token(bpe, corpus.split.training)});
    validation.points.push_back({x, bytes_per_token(bpe, corpus.split.validation)});
  }
  fmt::print("{}", table.text());
  if (picture.empty()) return;
  LinePlot plot("A larger vocabulary, fewer tokens", {"vocabulary"}, {"bytes per token"});
  write_file_atomically(picture, plot.add(training).add(validation).svg());
}

void show_windows() {
  std::vector<int32_t> tokens(22);
  const DataLoader loader(Tokens(std::move(tokens)), 4, 1, 42);
  const int64_t windows = loader.windows_per_epoch();
  fmt::print("22 tokens, T = 4: {} windows of {} tokens an epoch\n\n", windows, loader.context() + 1);
  Table table({{"epoch"}, {"offset"}, {"the windows begin at"}});
  for (int64_t epoch = 0; epoch < 4; ++epoch) {
    std::vector<int64_t> begins;
    for (int64_t i = 0; i < windows; ++i)
      begins.push_back(loader.window_begin(static_cast<uint64_t>(epoch * windows + i)));
    table.row(epoch, *std::min_element(begins.begin(), begins.end()),
              fmt::format("{:2}", fmt::join(begins, "  ")));
  }
  fmt::print("{}", table.text());
}

// [batch]
void show_batch(const Corpus& corpus, const BpeTokenizer& bpe) {
  constexpr int64_t T = 6, G = 5, step = 3;
  const DataLoader loader(Tokens(bpe.encode(corpus.split.training)), T, G, 42);
  const Batch batch = loader.batch(step);
  fmt::print("{} windows of {} tokens; batch {} holds the samples {} to {}.\n\n", loader.windows_per_epoch(),
             T + 1, step, batch.first_sample, batch.first_sample + G - 1);
  Table table(
      {{"sample"}, {"begins at"}, {"inputs (T = 6)"}, {"targets"}, {"1 rank"}, {"2 ranks"}, {"3 ranks"}});
  for (int64_t row = 0; row < G; ++row) {
    const auto taker = [&](int ranks) {
      int rank = 0;
      for (; row >= share_of(G, rank, ranks).first + share_of(G, rank, ranks).count;) ++rank;
      return fmt::format("rank {}", rank);
    };
    const uint64_t sample = batch.first_sample + static_cast<uint64_t>(row);
    table.row(sample, loader.window_begin(sample), visible(bpe, batch.inputs.select(0, row).span<int32_t>()),
              visible(bpe, batch.targets.select(0, row).span<int32_t>()), taker(1), taker(2), taker(3));
  }
  fmt::print("{}\ninputs of sample {}:   {}\ntargets of sample {}:  {}\n", table.text(), batch.first_sample,
             fmt::join(batch.inputs.select(0, 0).span<int32_t>(), " "), batch.first_sample,
             fmt::join(batch.targets.select(0, 0).span<int32_t>(), " "));
}
// [/batch]

void show_speed(const Corpus& corpus, bool stable) {
  if (stable) {
    fmt::print("(timings are left out)\n");
    return;
  }
  std::string text = corpus.text;
  while (text.size() < 1'000'000) text += corpus.text;
  fmt::print("{} bytes{}\n\n", text.size(),
             corpus.text.size() < text.size() ? ", the text over and over" : "");
  const auto seconds = [](auto&& work) {  // the best of five, since other programs run too
    double best = std::numeric_limits<double>::infinity();
    for (int attempt = 0; attempt < 5; ++attempt) {
      const auto start = std::chrono::steady_clock::now();
      work();
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
  };
  Table table({{"work"}, {"time", "ms", "{:.2f}"}, {"speed", "MB/s", "{:.0f}"}});
  const auto row = [&](const std::string& name, auto&& work) {
    const double time = seconds(work);
    table.row(name, 1e3 * time, static_cast<double>(text.size()) / time / 1e6);
  };
  row("check UTF-8", [&] { GPT_CHECK(!first_invalid_utf8(text), "valid a moment ago"); });
  row("split by GPT-2's rule", [&] { for_each_piece(gpt2_splitting_rule(), text, [](std::string_view) {}); });
  row("train BPE to 1,024 tokens", [&] { train_bpe(text, 1024); });
  const BpeTokenizer bpe = train_bpe(text, 1024);
  std::vector<int32_t> tokens;
  row("encode with it", [&] { tokens = bpe.encode(text); });
  row("decode", [&] { GPT_CHECK(bpe.decode(tokens) == text, "the tokens say something else"); });
  constexpr int batches = 1000;
  const DataLoader loader(Tokens(std::move(tokens)), 64, 12, 42);
  const double time = seconds([&] {
    for (int64_t step = 0; step < batches; ++step) loader.batch(step);
  });
  fmt::print("{}\na batch of 12 × 64 tokens: {:.1f} µs\n", table.text(), 1e6 * time / batches);
}

}  // namespace

int main(int argc, char** argv) {
  ChapterProgram program("04_text", "From text to batch: cleaning, tokenizers, and the data loader.");
  std::string data, picture;
  program.options().add_option("--data", data, "A text file or a folder of them, instead of the sample");
  program.options().add_option("--svg", picture,
                               "Write the picture of the section 'compression' to this file");
  const auto bpe = [&] { return train_bpe(Corpus(data).split.training, 512); };
  program.section("clean", "A sentence, cleaned", show_cleaning);
  program.section("pieces", "Cut by GPT-2's rule", show_pieces);
  program.section("example", "Byte pairs, small enough for paper", show_example);
  program.section("train", "Learning merges", [&] {
    show_training(Corpus(data).split.training, 512, [](int step) { return step <= 10 || step % 50 == 0; });
  });
  program.section("merge", "One word, merge by merge", [&] { show_merging(bpe(), " thought"); });
  program.section("tokens", "The sentence in tokens", [&] { show_tokens(bpe()); });
  program.section("compression", "What each tokenizer makes of the text",
                  [&] { show_compression(Corpus(data), picture); });
  program.section("windows", "What one epoch takes", show_windows);
  program.section("batch", "A batch, and who takes what", [&] { show_batch(Corpus(data), bpe()); });
  program.section("speed", "How fast", [&] { show_speed(Corpus(data), program.stable()); });
  return program.run(argc, argv);
}
