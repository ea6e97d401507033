#include "04_text/token_file.hpp"

#include <cstring>

#include "04_text/tokens.hpp"
#include "helpers.hpp"

namespace gpt {
namespace {

using test::expect_contains;
using test::fresh_folder;
using test::put_file;
using test::user_error;
namespace fs = std::filesystem;

void write_tokens(const fs::path& path, const std::vector<int32_t>& tokens, int32_t vocabulary_size) {
  TokenFileWriter writer(path, vocabulary_size, 77);
  writer.append(tokens);
  writer.close();
}

std::vector<int32_t> read_tokens(const fs::path& path) {
  const Tokens tokens{TokenFile(path)};
  std::vector<int32_t> all(static_cast<size_t>(tokens.size()));
  tokens.copy(0, tokens.size(), all.data());
  return all;
}

/// Changes the header and signs it again, as a program that is wrong (and not a disk) would.
void forge(const fs::path& path, const std::function<void(TokenFileHeader&)>& change) {
  std::string contents = read_file(path);
  TokenFileHeader header;
  std::memcpy(&header, contents.data(), sizeof header);
  change(header);
  header.header_checksum = checksum(std::string_view(reinterpret_cast<const char*>(&header), 56));
  std::memcpy(contents.data(), &header, sizeof header);
  put_file(path, contents);
}

TEST(TokenFile, WhatIsWrittenInAnyPiecesIsReadBack) {
  const fs::path path = fresh_folder() / "tokens.bin";
  std::mt19937 random(13);
  for (int32_t vocabulary_size : {1, 256, 65536, 65537, 2000000000}) {
    for (size_t count : {0, 1, 7, 1000, 700000}) {
      std::vector<int32_t> tokens(count);
      for (int32_t& token : tokens)
        token = static_cast<int32_t>(random() % static_cast<uint32_t>(vocabulary_size));
      TokenFileWriter writer(path, vocabulary_size, 77);
      for (size_t at = 0; at < count;) {
        const size_t piece = std::min<size_t>(1 + random() % 300000, count - at);
        writer.append(std::span(tokens).subspan(at, piece));
        at += piece;
      }
      writer.close();
      EXPECT_EQ(read_tokens(path), tokens);
      EXPECT_EQ(fs::file_size(path), 64 + count * (vocabulary_size <= 65536 ? 2 : 4));
    }
  }
}

TEST(TokenFile, EveryChangedByteAndEveryShorterFileIsAUserError) {
  const fs::path path = fresh_folder() / "tokens.bin";
  for (int32_t vocabulary_size : {1000, 100000}) {
    write_tokens(path, {1, 2, 3, 500, 999}, vocabulary_size);
    const std::string good = read_file(path);
    for (size_t i = 0; i < good.size(); ++i) {
      for (int flip : {0x01, 0x80, 0xFF}) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ flip);
        put_file(path, bad);
        EXPECT_THROW(TokenFile{path}, UserError) << "byte " << i;
      }
      put_file(path, good.substr(0, i));
      EXPECT_THROW(TokenFile{path}, UserError) << "cut to " << i << " bytes";
    }
    put_file(path, good + "x");
    EXPECT_THROW(TokenFile{path}, UserError);
  }
}

TEST(TokenFile, EachKindOfDamageHasItsSentence) {
  const fs::path path = fresh_folder() / "tokens.bin";
  const auto sentence = [&](const std::function<void(std::string&)>& damage) {
    write_tokens(path, {1, 2, 3, 500, 999}, 1000);
    std::string contents = read_file(path);
    damage(contents);
    put_file(path, contents);
    return user_error([&] { TokenFile{path}; });
  };
  expect_contains(sentence([](auto& c) { c.resize(10); }),
                  "no token file: its 10 bytes are less than a header of 64");
  expect_contains(sentence([](auto& c) { c[0] = 'X'; }), "no token file: it does not begin with GPTTOKEN");
  expect_contains(sentence([](auto& c) { c[8] = 2; }),
                  "token file of version 2; this program reads version 1");
  expect_contains(sentence([](auto& c) { c[24] ^= 1; }), "its header's checksum is wrong");
  expect_contains(sentence([](auto& c) { c.pop_back(); }),
                  "promises 5 tokens of 2 bytes, but 9 bytes follow");
  expect_contains(sentence([](auto& c) { c.back() ^= 1; }), "the checksum of its tokens is wrong");
}

TEST(TokenFile, AForgedHeaderIsRefusedToo) {
  const fs::path path = fresh_folder() / "tokens.bin";
  const auto sentence = [&](const std::function<void(TokenFileHeader&)>& change) {
    write_tokens(path, {1, 2, 3, 500, 999}, 1000);
    forge(path, change);
    return user_error([&] { TokenFile{path}; });
  };
  expect_contains(sentence([](auto& h) { h.count = 6; }), "promises 6 tokens");
  expect_contains(sentence([](auto& h) { h.count = ~uint64_t{0}; }), "promises 18446744073709551615 tokens");
  expect_contains(sentence([](auto& h) { h.bytes_per_token = 0; }), "tokens of 0 bytes");
  expect_contains(sentence([](auto& h) { h.vocabulary_size = 0; }), "a vocabulary of 0");
  expect_contains(sentence([](auto& h) { h.vocabulary_size = uint64_t{1} << 40; }),
                  "a vocabulary of 1099511627776");
  expect_contains(sentence([](auto& h) { h.vocabulary_size = 999; }),
                  "it has a token 999, but a vocabulary of 999");
}

TEST(TokenFile, AnUnfinishedWriterLeavesTheOldFile) {
  const fs::path folder = fresh_folder(), path = folder / "tokens.bin";
  write_tokens(path, {1, 2, 3}, 10);
  {
    TokenFileWriter writer(path, 10, 77);
    writer.append(std::vector<int32_t>(2000000, 5));
  }
  EXPECT_EQ(read_tokens(path), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

TEST(TokenFile, ATokenOutsideTheVocabularyIsNotWritten) {
  TokenFileWriter writer(fresh_folder() / "tokens.bin", 10, 77);
  EXPECT_THROW(writer.append(std::vector<int32_t>{10}), Error);
  EXPECT_THROW(writer.append(std::vector<int32_t>{-1}), Error);
}

TEST(TokenFile, AnotherTokenizersTokensAreRefused) {
  const fs::path path = fresh_folder() / "tokens.bin";
  write_tokens(path, {1, 2, 3}, 10);
  TokenFile(path).require_tokenizer(77);
  expect_contains(user_error([&] { TokenFile(path).require_tokenizer(78); }),
                  "was made by another tokenizer");
}

TEST(Tokens, SlicesShareAndKeepTheirTokensAlive) {
  const fs::path path = fresh_folder() / "tokens.bin";
  write_tokens(path, {1, 2, 3, 4, 5, 6}, 10);
  Tokens slice;
  for (bool mapped : {false, true}) {
    {
      const Tokens all = mapped ? Tokens(TokenFile(path)) : Tokens(std::vector<int32_t>{1, 2, 3, 4, 5, 6});
      slice = all.slice(1, 4).slice(1, 3);
    }
    std::vector<int32_t> got(3);
    slice.copy(0, 3, got.data());
    EXPECT_EQ(got, (std::vector<int32_t>{3, 4, 5}));
    EXPECT_THROW(slice.slice(1, 3), Error);
    EXPECT_THROW(slice.copy(3, 1, got.data()), Error);
  }
}

}  // namespace
}  // namespace gpt
