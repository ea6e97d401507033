// gpt tokenize: a text as a token file, once and for all.
#include <nlohmann/json.hpp>

#include "04_text/text_source.hpp"
#include "04_text/token_file.hpp"
#include "16_trainer/commands.hpp"
#include "16_trainer/corpus.hpp"
#include "16_trainer/summary.hpp"
#include "16_trainer/together.hpp"
#include "common/check.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

struct TokenizeOptions {
  std::string data;
  std::string train;
  std::string tokenizer;
  std::string out;
};

void tokenize(const TokenizeOptions& options) {
  GPT_REQUIRE(options.train.empty() || options.tokenizer.empty(),
              "--train makes a tokenizer and --tokenizer names one: give one of them");
  const std::filesystem::path folder = options.out;
  const std::filesystem::path tokens_path = folder / "tokens.tok", tokenizer_path = folder / "tokenizer.json";
  for (const auto& path : {tokens_path, tokenizer_path})
    GPT_REQUIRE(!std::filesystem::exists(path), "{} is there already: choose another folder by --out",
                path.string());

  const std::string text = options.data.empty() ? std::string(book_text()) : read_text(options.data).text;
  const std::string wish = !options.tokenizer.empty() ? options.tokenizer
                           : options.train.empty()    ? "byte"
                                                      : options.train;
  const auto tokenizer = make_tokenizer(wish, text, text);
  const std::vector<int32_t> tokens = tokenizer->encode(text);

  make_folder(folder);
  tokenizer->save(tokenizer_path);
  TokenFileWriter writer(tokens_path, tokenizer->vocabulary_size(), tokenizer->fingerprint());
  writer.append(tokens);
  writer.close();

  std::vector<bool> seen(static_cast<size_t>(tokenizer->vocabulary_size()));
  for (const int32_t token : tokens) seen[static_cast<size_t>(token)] = true;
  fmt::print("{} bytes are {} tokens, {:.2f} bytes each; {} of the {} in the vocabulary occur\n",
             with_commas(static_cast<int64_t>(text.size())), with_commas(static_cast<int64_t>(tokens.size())),
             static_cast<double>(text.size()) / static_cast<double>(std::max<size_t>(1, tokens.size())),
             std::count(seen.begin(), seen.end(), true), with_commas(tokenizer->vocabulary_size()));
  fmt::print("train on it with gpt train --data {}\n", tokens_path.string());
}

}  // namespace

Command add_tokenize(ArgumentParser& parser) {
  auto options = std::make_shared<TokenizeOptions>();
  parser.add_option("--data", options->data, "text file, or folder of texts (default: the book itself)");
  parser.add_option("--train", options->train, "kind of tokenizer to make: byte, char or bpe:N");
  parser.add_option("--tokenizer", options->tokenizer, "a tokenizer's file, to use it again");
  parser.add_option("--out", options->out, "folder for tokens.tok and tokenizer.json").required();
  return [options](Communicator& communicator) {
    on_first_rank(communicator, [&] { tokenize(*options); });
    return static_cast<int>(exit_ok);
  };
}

}  // namespace gpt
