#include "04_text/token_file.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "common/check.hpp"

namespace gpt {
namespace {

static_assert(std::endian::native == std::endian::little, "token files are little-endian");

constexpr size_t block_bytes = 1 << 20;

std::filesystem::path with_suffix(std::filesystem::path path, const char* suffix) {
  return path += suffix;
}

uint64_t checksum_of(const TokenFileHeader& header) {
  return checksum(std::as_bytes(std::span(&header, 1)).first(offsetof(TokenFileHeader, header_checksum)));
}

/// The checksum of a payload: that of its blocks, each the seed of the next, so that a writer can go along.
uint64_t checksum_of_blocks(std::span<const std::byte> payload) {
  uint64_t sum = 0;
  for (; !payload.empty(); payload = payload.subspan(std::min(block_bytes, payload.size())))
    sum = checksum(payload.first(std::min(block_bytes, payload.size())), sum);
  return sum;
}

template <typename Stored>
uint64_t largest_token(std::span<const std::byte> payload) {
  const auto* first = reinterpret_cast<const Stored*>(payload.data());
  const auto* last = first + payload.size() / sizeof(Stored);
  Stored largest = 0;
  for (const Stored* token = first; token != last; ++token) largest = std::max(largest, *token);
  return largest;
}

}  // namespace

TokenFileWriter::TokenFileWriter(const std::filesystem::path& path, int32_t vocabulary_size,
                                 uint64_t tokenizer_fingerprint)
    : path_(path), temporary_path_(with_suffix(path, ".partial")), file_(temporary_path_) {
  GPT_CHECK(vocabulary_size > 0, "a vocabulary of {}", vocabulary_size);
  header_.bytes_per_token = vocabulary_size <= (1 << 16) ? 2 : 4;
  header_.vocabulary_size = static_cast<uint64_t>(vocabulary_size);
  header_.tokenizer_fingerprint = tokenizer_fingerprint;
  file_.write(&header_, sizeof header_);  // keeps the place; close() writes the true one
  block_.reserve(block_bytes);
}

void TokenFileWriter::append(std::span<const int32_t> tokens) {
  for (int32_t token : tokens) {
    GPT_CHECK(token >= 0 && static_cast<uint64_t>(token) < header_.vocabulary_size,
              "token {} in a vocabulary of {}", token, header_.vocabulary_size);
    const auto* bytes = reinterpret_cast<const std::byte*>(&token);
    block_.insert(block_.end(), bytes,
                  bytes + header_.bytes_per_token);  // little-endian: the low bytes are first
    if (block_.size() == block_bytes) flush();
  }
  header_.count += tokens.size();
}

void TokenFileWriter::flush() {
  header_.payload_checksum = checksum(block_, header_.payload_checksum);
  file_.write(block_.data(), block_.size());
  block_.clear();
}

void TokenFileWriter::close() {
  if (!block_.empty()) flush();
  header_.header_checksum = checksum_of(header_);
  file_.write_at(0, &header_, sizeof header_);
  file_.close();
  rename_durably(temporary_path_, path_);
}

// [open]
TokenFile::TokenFile(const std::filesystem::path& path) : file_(path) {
  const std::string name = path.string();
  const size_t size = file_.bytes().size();
  const TokenFileHeader expected;
  GPT_REQUIRE(size >= sizeof header_, "{} is no token file: its {} bytes are less than a header of {}", name,
              size, sizeof header_);
  std::memcpy(&header_, file_.bytes().data(), sizeof header_);
  GPT_REQUIRE(std::memcmp(header_.magic, expected.magic, sizeof header_.magic) == 0,
              "{} is no token file: it does not begin with GPTTOKEN", name);
  GPT_REQUIRE(header_.version == expected.version,
              "{} is a token file of version {}; this program reads version {}", name, header_.version,
              expected.version);
  GPT_REQUIRE(header_.header_checksum == checksum_of(header_),
              "{} is damaged: its header's checksum is wrong", name);
  GPT_REQUIRE((header_.bytes_per_token == 2 || header_.bytes_per_token == 4) && header_.vocabulary_size > 0 &&
                  header_.vocabulary_size <= std::numeric_limits<int32_t>::max(),
              "{} is no usable token file: a vocabulary of {} in tokens of {} bytes", name,
              header_.vocabulary_size, header_.bytes_per_token);
  const size_t payload_size = size - sizeof header_;
  GPT_REQUIRE(
      payload_size % header_.bytes_per_token == 0 && payload_size / header_.bytes_per_token == header_.count,
      "{} is damaged: its header promises {} tokens of {} bytes, but {} bytes follow", name, header_.count,
      header_.bytes_per_token, payload_size);
  GPT_REQUIRE(checksum_of_blocks(payload()) == header_.payload_checksum,
              "{} is damaged: the checksum of its tokens is wrong", name);
  if (header_.count == 0) return;
  const uint64_t largest =
      header_.bytes_per_token == 2 ? largest_token<uint16_t>(payload()) : largest_token<uint32_t>(payload());
  GPT_REQUIRE(largest < header_.vocabulary_size, "{} is wrong: it has a token {}, but a vocabulary of {}",
              name, largest, header_.vocabulary_size);
}
// [/open]

void TokenFile::require_tokenizer(uint64_t fingerprint) const {
  GPT_REQUIRE(
      header_.tokenizer_fingerprint == fingerprint,
      "{} was made by another tokenizer (fingerprint {:016x}, expected {:016x}): encode the text again",
      path().string(), header_.tokenizer_fingerprint, fingerprint);
}

}  // namespace gpt
