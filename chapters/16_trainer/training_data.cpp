#include "16_trainer/training_data.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

#include "04_text/bpe_training.hpp"
#include "04_text/byte_tokenizer.hpp"
#include "04_text/char_tokenizer.hpp"
#include "04_text/split.hpp"
#include "04_text/text_source.hpp"
#include "16_trainer/corpus.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

void write_tokens(const std::filesystem::path& path, const Tokens& tokens, const Tokenizer& tokenizer) {
  TokenFileWriter writer(path, tokenizer.vocabulary_size(), tokenizer.fingerprint());
  std::vector<int32_t> block(1 << 16);
  for (int64_t at = 0; at < tokens.size(); at += static_cast<int64_t>(block.size())) {
    block.resize(static_cast<size_t>(std::min<int64_t>(1 << 16, tokens.size() - at)));
    tokens.copy(at, static_cast<int64_t>(block.size()), block.data());
    writer.append(block);
  }
  writer.close();
}

/// The tokenizer that made a token file: the one that is named, or else the one that lies beside the file.
std::unique_ptr<Tokenizer> tokenizer_of(const TokenFile& file, const std::string& wish) {
  const std::filesystem::path beside = file.path().parent_path() / "tokenizer.json";
  const bool is_named = !wish.empty() && std::filesystem::exists(wish);
  GPT_REQUIRE(is_named || std::filesystem::exists(beside),
              "{} does not say what its tokens mean: name its tokenizer's file by --tokenizer",
              file.path().string());
  auto tokenizer = load_tokenizer(is_named ? std::filesystem::path(wish) : beside);
  file.require_tokenizer(tokenizer->fingerprint());
  return tokenizer;
}

}  // namespace

std::unique_ptr<Tokenizer> make_tokenizer(const std::string& wish, std::string_view whole_text,
                                          std::string_view training_text) {
  if (wish == "byte") return std::make_unique<ByteTokenizer>();
  if (wish == "char") return std::make_unique<CharTokenizer>(whole_text);
  if (wish.starts_with("bpe:")) {
    int32_t size = 0;
    const char* end = wish.data() + wish.size();
    const auto [at, error] = std::from_chars(wish.data() + 4, end, size);
    GPT_REQUIRE(error == std::errc() && at == end, "bpe:N takes a number of tokens, not '{}'",
                wish.substr(4));
    return std::make_unique<BpeTokenizer>(train_bpe(training_text, size));
  }
  GPT_REQUIRE(std::filesystem::exists(wish),
              "--tokenizer takes byte, char, bpe:N or a file, and there is no file {}", wish);
  return load_tokenizer(wish);
}

// [source]
DataSource::DataSource(const TrainConfig& config)
    : name_(config.data.empty() ? "the book itself" : config.data) {
  if (config.data.ends_with(".tok")) {
    TokenFile file(config.data);
    tokenizer_ = tokenizer_of(file, config.tokenizer);
    const TokenSplit split = split_tokens(Tokens(std::move(file)), config.validation);
    training_ = split.training;
    validation_ = split.validation;
  } else {
    const std::string text = config.data.empty() ? std::string(book_text()) : read_text(config.data).text;
    const TextSplit split = split_text(text, config.validation);
    tokenizer_ = make_tokenizer(config.tokenizer, text, split.training);
    training_ = Tokens(tokenizer_->encode(split.training));
    validation_ = Tokens(tokenizer_->encode(split.validation));
  }
  GPT_REQUIRE(training_.size() > config.context,
              "{} gives {} tokens to train on, fewer than the --context of {} and one more needs", name_,
              training_.size(), config.context);
  GPT_REQUIRE(config.validation == 0 || validation_.size() >= 2,
              "{} leaves {} tokens for validation: it is too short, or --validation {} too small", name_,
              validation_.size(), config.validation);
}
// [/source]

void DataSource::write(const RunFolder& run) const {
  make_folder(run.training_tokens().parent_path());
  tokenizer_->save(run.tokenizer());
  write_tokens(run.training_tokens(), training_, *tokenizer_);
  write_tokens(run.validation_tokens(), validation_, *tokenizer_);
}

TrainingData open_training_data(const RunFolder& run) {
  TrainingData data;
  data.tokenizer = load_tokenizer(run.tokenizer());
  TokenFile training(run.training_tokens()), validation(run.validation_tokens());
  training.require_tokenizer(data.tokenizer->fingerprint());
  validation.require_tokenizer(data.tokenizer->fingerprint());
  data.fingerprint = fmt::format("{:016x}-{:016x}-{:016x}", data.tokenizer->fingerprint(),
                                 training.header().payload_checksum, validation.header().payload_checksum);
  data.training = Tokens(std::move(training));
  data.validation = Tokens(std::move(validation));
  return data;
}

}  // namespace gpt
