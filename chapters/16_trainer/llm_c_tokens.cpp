#include "16_trainer/llm_c_tokens.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "04_text/tokens.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

constexpr int32_t magic = 20240520, version = 1;
constexpr int64_t tokens_at_a_time = 1 << 16;

using Header = std::array<int32_t, 256>;
static_assert(sizeof(Header) == 1024);

void require_absent(const std::filesystem::path& path) {
  std::error_code error;
  GPT_REQUIRE(!std::filesystem::exists(path, error), "{} is there already: choose another by --out",
              path.string());
}

}  // namespace

bool is_llm_c_tokens(const std::filesystem::path& path) {
  const MappedFile file(path);
  int32_t first = 0;
  if (file.bytes().size() < sizeof first) return false;
  std::memcpy(&first, file.bytes().data(), sizeof first);
  return first == magic;
}

// [from_llm_c]
int64_t from_llm_c_tokens(const std::filesystem::path& from, const Tokenizer& tokenizer,
                          const std::filesystem::path& to) {
  require_absent(to);
  const MappedFile file(from);
  const std::string name = from.string();
  Header header{};
  GPT_REQUIRE(file.bytes().size() >= sizeof header,
              "{} is no token file of llm.c: it is shorter than its header", name);
  std::memcpy(&header, file.bytes().data(), sizeof header);
  GPT_REQUIRE(header[0] == magic, "{} is no token file of llm.c: it does not begin with {}", name, magic);
  GPT_REQUIRE(header[1] == version, "{} is a token file of version {}; this program reads version {}", name,
              header[1], version);
  const int64_t count = header[2], bytes = static_cast<int64_t>(file.bytes().size() - sizeof header);
  GPT_REQUIRE(count >= 0 && bytes == 2 * count,
              "{} is damaged: its header promises {} tokens, but {} bytes follow", name, count, bytes);
  TokenFileWriter writer(to, tokenizer.vocabulary_size(), tokenizer.fingerprint());
  std::vector<uint16_t> stored;
  std::vector<int32_t> tokens;
  for (int64_t begin = 0; begin < count; begin += tokens_at_a_time) {
    stored.resize(static_cast<size_t>(std::min(tokens_at_a_time, count - begin)));
    std::memcpy(stored.data(), file.bytes().data() + sizeof header + 2 * begin, 2 * stored.size());
    tokens.assign(stored.begin(), stored.end());
    const int32_t largest = *std::max_element(tokens.begin(), tokens.end());
    GPT_REQUIRE(largest < tokenizer.vocabulary_size(), "{} holds the token {}, and the tokenizer has {}",
                name, largest, tokenizer.vocabulary_size());
    writer.append(tokens);
  }
  writer.close();
  return count;
}
// [/from_llm_c]

int64_t to_llm_c_tokens(const std::filesystem::path& from, const std::filesystem::path& to) {
  require_absent(to);
  const Tokens tokens{TokenFile(from)};
  GPT_REQUIRE(tokens.size() <= std::numeric_limits<int32_t>::max(),
              "{} has {} tokens, more than a file of llm.c can hold", from.string(), tokens.size());
  Header header{magic, version, static_cast<int32_t>(tokens.size())};
  const std::filesystem::path temporary = to.string() + ".partial";
  FileWriter file(temporary);
  file.write(&header, sizeof header);
  std::vector<int32_t> wide;
  std::vector<uint16_t> stored;
  for (int64_t begin = 0; begin < tokens.size(); begin += tokens_at_a_time) {
    wide.resize(static_cast<size_t>(std::min(tokens_at_a_time, tokens.size() - begin)));
    tokens.copy(begin, static_cast<int64_t>(wide.size()), wide.data());
    GPT_REQUIRE(*std::max_element(wide.begin(), wide.end()) <= std::numeric_limits<uint16_t>::max(),
                "{} has tokens beyond 65,535, which a file of llm.c cannot hold", from.string());
    stored.assign(wide.begin(), wide.end());
    file.write(stored.data(), 2 * stored.size());
  }
  file.close();
  rename_durably(temporary, to);
  return tokens.size();
}

}  // namespace gpt
