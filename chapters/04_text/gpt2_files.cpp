#include "04_text/gpt2_files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "04_text/utf8.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

bool prints(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

using Vocabulary = std::unordered_map<std::string, int32_t>;

Vocabulary read_vocabulary(const std::filesystem::path& path) {
  try {
    return nlohmann::json::parse(read_file(path)).get<Vocabulary>();
  } catch (const nlohmann::json::exception& error) {
    throw UserError(fmt::format("{} is no vocabulary of names and numbers: {}", path.string(), error.what()));
  }
}

std::vector<BpeMerge> read_merges(const std::filesystem::path& path, const Vocabulary& vocabulary) {
  const std::string contents = read_file(path);
  std::string_view rest = contents;
  std::vector<BpeMerge> merges;
  for (int line_number = 1; !rest.empty(); ++line_number) {
    const size_t length = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    // Only this first line is a comment: "# #" is a merge.
    if (line.empty() || (line_number == 1 && line.starts_with("#version"))) continue;
    const size_t space = line.find(' ');
    GPT_REQUIRE(space != std::string_view::npos && line.find(' ', space + 1) == std::string_view::npos,
                "{}, line {}: a merge is two names with one space between them, not '{}'", path.string(),
                line_number, line);
    const std::string left(line.substr(0, space)), right(line.substr(space + 1));
    const auto number = [&](const std::string& name) {
      const auto found = vocabulary.find(name);
      GPT_REQUIRE(found != vocabulary.end(), "{}, line {}: the vocabulary has no token '{}'", path.string(),
                  line_number, name);
      return found->second;
    };
    merges.push_back({number(left), number(right), number(left + right)});
  }
  return merges;
}

}  // namespace

// [byte_character]
char32_t gpt2_character_of_byte(uint8_t byte) {
  if (prints(byte)) return byte;
  char32_t others_before = 0;
  for (int i = 0; i < byte; ++i) others_before += prints(i) ? 0 : 1;
  return 0x100 + others_before;
}
// [/byte_character]

std::unique_ptr<Tokenizer> load_gpt2_tokenizer(const std::filesystem::path& vocabulary_file,
                                               const std::filesystem::path& merges_file) {
  const Vocabulary vocabulary = read_vocabulary(vocabulary_file);
  std::vector<BpeMerge> merges = read_merges(merges_file, vocabulary);
  std::array<int32_t, 256> byte_tokens{};
  for (int byte = 0; byte < 256; ++byte) {
    std::string name;
    append_utf8(name, gpt2_character_of_byte(static_cast<uint8_t>(byte)));
    const auto found = vocabulary.find(name);
    GPT_REQUIRE(found != vocabulary.end(), "{} has no token '{}' for the byte {:#04x}",
                vocabulary_file.string(), name, byte);
    byte_tokens[static_cast<size_t>(byte)] = found->second;
  }
  std::vector<std::pair<std::string, int32_t>> special;
  std::vector<int32_t> known(byte_tokens.begin(), byte_tokens.end());
  for (const BpeMerge& merge : merges) known.push_back(merge.token);
  std::sort(known.begin(), known.end());
  for (const auto& [name, token] : vocabulary)
    if (!std::binary_search(known.begin(), known.end(), token)) special.emplace_back(name, token);
  std::sort(special.begin(), special.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  try {
    return std::make_unique<BpeTokenizer>(byte_tokens, std::move(merges), std::move(special));
  } catch (const UserError& error) {
    throw UserError(fmt::format("{} and {} do not fit together: {}", vocabulary_file.string(),
                                merges_file.string(), error.what()));
  }
}

}  // namespace gpt
