#include <nlohmann/json.hpp>

#include "04_text/tokenizer.hpp"

#include "04_text/bpe_training.hpp"
#include "04_text/byte_tokenizer.hpp"
#include "04_text/char_tokenizer.hpp"
#include "common/file.hpp"
#include "helpers.hpp"

namespace gpt {
namespace {

using test::expect_contains;
using test::fresh_folder;
using test::put_file;
using test::random_bytes;
using test::random_text;
using test::user_error;

TEST(ByteTokenizer, AnyBytesSurvive) {
  std::mt19937 random(3);
  const ByteTokenizer tokenizer;
  for (size_t n = 0; n < 300; ++n) {
    const std::string bytes = random_bytes(random, n);
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(bytes)), bytes);
  }
  EXPECT_EQ(tokenizer.encode("A\xFF"), (std::vector<int32_t>{65, 255}));
}

TEST(CharTokenizer, AnyTextOfItsCharactersSurvives) {
  std::mt19937 random(4);
  for (size_t n = 1; n < 200; ++n) {
    const std::string text = random_text(random, n);
    const CharTokenizer tokenizer(text);
    const auto tokens = tokenizer.encode(text);
    EXPECT_EQ(tokens.size(), n);
    EXPECT_EQ(tokenizer.decode(tokens), text);
  }
}

TEST(CharTokenizer, TokensFollowTheOrderOfTheCodePoints) {
  const CharTokenizer tokenizer("b€aä\na");
  EXPECT_EQ(tokenizer.vocabulary_size(), 5);
  EXPECT_EQ(tokenizer.encode("\nabä€"), (std::vector<int32_t>{0, 1, 2, 3, 4}));
}

TEST(CharTokenizer, AnUnknownCharacterIsNamedWithItsPlace) {
  const CharTokenizer tokenizer("abc");
  EXPECT_EQ(user_error([&] { tokenizer.encode("abé"); }),
            "the character é (U+00E9) at byte 2 is not among the 3 characters of the vocabulary");
  expect_contains(user_error([&] { tokenizer.encode("a\xFF"); }), "not UTF-8: no character begins at byte 1");
  expect_contains(user_error([] { CharTokenizer(""); }), "empty");
}

TEST(Tokenizer, ATokenOutsideTheVocabularyIsAnError) {
  const ByteTokenizer bytes;
  const CharTokenizer characters("abc");
  const BpeTokenizer bpe = train_bpe("aaaa", 300);
  for (const Tokenizer* tokenizer :
       {static_cast<const Tokenizer*>(&bytes), static_cast<const Tokenizer*>(&characters),
        static_cast<const Tokenizer*>(&bpe)}) {
    EXPECT_THROW(tokenizer->token_bytes(-1), Error);
    EXPECT_THROW(tokenizer->token_bytes(tokenizer->vocabulary_size()), Error);
    EXPECT_NO_THROW(tokenizer->token_bytes(tokenizer->vocabulary_size() - 1));
  }
}

TEST(Tokenizer, WhatIsSavedIsLoadedWithTheSameTokensAndFingerprint) {
  const auto path = fresh_folder() / "tokenizer.json";
  std::mt19937 random(5);
  const std::string text = random_text(random, 3000);
  const ByteTokenizer bytes;
  const CharTokenizer characters(text);
  const BpeTokenizer bpe = train_bpe(text, 500);
  for (const Tokenizer* tokenizer :
       {static_cast<const Tokenizer*>(&bytes), static_cast<const Tokenizer*>(&characters),
        static_cast<const Tokenizer*>(&bpe)}) {
    tokenizer->save(path);
    const auto loaded = load_tokenizer(path);
    EXPECT_EQ(loaded->kind(), tokenizer->kind());
    EXPECT_EQ(loaded->fingerprint(), tokenizer->fingerprint());
    EXPECT_EQ(loaded->vocabulary_size(), tokenizer->vocabulary_size());
    EXPECT_EQ(loaded->end_of_text(), tokenizer->end_of_text());
    EXPECT_EQ(loaded->encode(text), tokenizer->encode(text));
  }
}

TEST(Tokenizer, FingerprintsTellTokenizersApart) {
  EXPECT_NE(CharTokenizer("abc").fingerprint(), CharTokenizer("abd").fingerprint());
  EXPECT_NE(train_bpe("abab", 300).fingerprint(), train_bpe("acac", 300).fingerprint());
  EXPECT_NE(CharTokenizer("abc").fingerprint(), ByteTokenizer().fingerprint());
}

TEST(Tokenizer, EveryDamagedByteOfAFileIsAUserErrorOrHarmless) {
  const auto path = fresh_folder() / "tokenizer.json";
  const BpeTokenizer bpe = train_bpe("low lower lowest slow slower", 262);
  bpe.save(path);
  const std::string good = read_file(path);
  int refused = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x11);
    put_file(path, bad);
    try {  // a changed byte may leave the meaning as it was: a space outside the strings
      EXPECT_EQ(load_tokenizer(path)->fingerprint(), bpe.fingerprint()) << "byte " << i;
    } catch (const UserError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, static_cast<int>(good.size()) * 9 / 10);
}

TEST(Tokenizer, WhatIsNoTokenizerFileIsRefusedInOneSentence) {
  const auto folder = fresh_folder();
  const auto error_for = [&](const std::string& contents) {
    put_file(folder / "t.json", contents);
    return user_error([&] { load_tokenizer(folder / "t.json"); });
  };
  expect_contains(error_for("no json"), "t.json is no usable tokenizer file");
  expect_contains(error_for("{}"), "t.json is no usable tokenizer file");
  expect_contains(error_for("[1, 2]"), "t.json is no usable tokenizer file");
  expect_contains(error_for(R"({"format":"gpt-tokenizer","version":2,"kind":"byte"})"),
                  "the file has version 2");
  expect_contains(error_for(R"({"format":"gpt-tokenizer","version":1,"kind":"word","tokenizer":{}})"),
                  "called 'word'");
  expect_contains(user_error([&] { load_tokenizer(folder / "missing"); }), "No such file");
}

}  // namespace
}  // namespace gpt
