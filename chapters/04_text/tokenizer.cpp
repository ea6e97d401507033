#include "04_text/tokenizer.hpp"

#include <nlohmann/json.hpp>

#include "04_text/bpe_tokenizer.hpp"
#include "04_text/byte_tokenizer.hpp"
#include "04_text/char_tokenizer.hpp"
#include "04_text/gpt2_files.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {

std::string Tokenizer::decode(std::span<const int32_t> tokens) const {
  std::string text;
  for (int32_t token : tokens) text += token_bytes(token);
  return text;
}

uint64_t Tokenizer::fingerprint() const {
  return checksum(kind() + to_json().dump());
}

void Tokenizer::save(const std::filesystem::path& path) const {
  const nlohmann::json file = {{"format", "gpt-tokenizer"},
                               {"version", 1},
                               {"kind", kind()},
                               {"fingerprint", fmt::format("{:016x}", fingerprint())},
                               {"tokenizer", to_json()}};
  write_file_atomically(path, file.dump() + "\n");
}

namespace {

std::unique_ptr<Tokenizer> tokenizer_from_json(const nlohmann::json& file) {
  GPT_REQUIRE(file.at("format") == "gpt-tokenizer", "it says it is something else");
  GPT_REQUIRE(file.at("version") == 1, "this program reads version 1, the file has version {}",
              file.at("version").dump());
  const std::string kind = file.at("kind");
  const nlohmann::json& body = file.at("tokenizer");
  std::unique_ptr<Tokenizer> tokenizer;
  if (kind == "byte") tokenizer = std::make_unique<ByteTokenizer>();
  if (kind == "character") tokenizer = std::make_unique<CharTokenizer>(CharTokenizer::from_json(body));
  if (kind == "bpe") tokenizer = std::make_unique<BpeTokenizer>(BpeTokenizer::from_json(body));
  GPT_REQUIRE(tokenizer, "there is no kind of tokenizer called '{}'", kind);
  GPT_REQUIRE(fmt::format("{:016x}", tokenizer->fingerprint()) == file.at("fingerprint"),
              "its contents do not match its fingerprint");
  return tokenizer;
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return load_gpt2_tokenizer(path / "vocab.json", path / "merges.txt");
  const std::string contents = read_file(path);
  try {
    return tokenizer_from_json(nlohmann::json::parse(contents));
  } catch (const Error& error) {
    throw UserError(fmt::format("{} is no usable tokenizer file: {}", path.string(), error.what()));
  } catch (const nlohmann::json::exception& error) {
    throw UserError(fmt::format("{} is no usable tokenizer file: {}", path.string(), error.what()));
  }
}

}  // namespace gpt
