#pragma once
// Token files: a text that has been encoded once, ready to be mapped into memory.

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "common/file.hpp"

namespace gpt {

/// The first 64 bytes of a token file, in the byte order of x86 and ARM (little-endian). The tokens follow.
struct TokenFileHeader {
  char magic[8] = {'G', 'P', 'T', 'T', 'O', 'K', 'E', 'N'};
  uint32_t version = 1;
  uint32_t bytes_per_token = 0;  ///< 2 up to a vocabulary of 65,536, else 4
  uint64_t vocabulary_size = 0;
  uint64_t count = 0;                  ///< number of tokens
  uint64_t tokenizer_fingerprint = 0;  ///< Tokenizer::fingerprint() of the one that made them
  uint64_t payload_checksum = 0;       ///< XXH3 over the tokens, chained over blocks of 1 MiB
  uint64_t reserved = 0;
  uint64_t header_checksum = 0;  ///< XXH3 over the 56 bytes before it
};
static_assert(sizeof(TokenFileHeader) == 64);

/// Writes a token file piece by piece. Until close() the file has a temporary name; a writer that is
/// destroyed without close() leaves nothing behind, and an older file of this name stays as it was.
class TokenFileWriter {
 public:
  TokenFileWriter(const std::filesystem::path& path, int32_t vocabulary_size, uint64_t tokenizer_fingerprint);
  void append(std::span<const int32_t> tokens);  ///< throws Error for a token outside the vocabulary
  void close();                                  ///< completes the header, syncs, renames; throws UserError

 private:
  void flush();

  std::filesystem::path path_;
  std::filesystem::path temporary_path_;
  TokenFileHeader header_;
  std::vector<std::byte> block_;
  FileWriter file_;
};

/// A token file mapped into memory. Opening it reads it once, to check every byte.
class TokenFile {
 public:
  /// Throws UserError, one sentence for each kind of damage: too short, another kind of file, another
  /// version, a damaged header, a size that does not fit the count, damaged tokens, a token outside the
  /// vocabulary.
  explicit TokenFile(const std::filesystem::path& path);

  const TokenFileHeader& header() const { return header_; }
  const std::filesystem::path& path() const { return file_.path(); }
  int64_t size() const { return static_cast<int64_t>(header_.count); }
  int32_t vocabulary_size() const { return static_cast<int32_t>(header_.vocabulary_size); }

  /// Throws UserError unless the file was made by the tokenizer with this fingerprint.
  void require_tokenizer(uint64_t fingerprint) const;

  /// The tokens as they lie in the file: size() × bytes_per_token.
  std::span<const std::byte> payload() const { return file_.bytes().subspan(sizeof(TokenFileHeader)); }

 private:
  MappedFile file_;
  TokenFileHeader header_;
};

}  // namespace gpt
