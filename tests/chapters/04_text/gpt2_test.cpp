#include <nlohmann/json.hpp>

#include "04_text/gpt2_files.hpp"
#include "04_text/gpt2_split.hpp"
#include "common/file.hpp"
#include "helpers.hpp"

namespace gpt {
namespace {

using test::expect_contains;
using test::fresh_folder;
using test::put_file;
using test::random_bytes;
using test::user_error;
namespace fs = std::filesystem;
using Pieces = std::vector<std::string>;

Pieces split(std::string_view text) {
  Pieces pieces;
  for_each_piece(gpt2_splitting_rule(), text, [&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

TEST(Gpt2Split, AWordTakesTheSpaceBeforeIt) {
  EXPECT_EQ(split("Hello world"), (Pieces{"Hello", " world"}));
  EXPECT_EQ(split("Hello,  world!"), (Pieces{"Hello", ",", " ", " world", "!"}));
}

TEST(Gpt2Split, ContractionsStandAloneInLowerCaseOnly) {
  EXPECT_EQ(split("I'm we've he'll don't it's you're she'd"),
            (Pieces{"I", "'m", " we", "'ve", " he", "'ll", " don", "'t", " it", "'s", " you", "'re", " she",
                    "'d"}));
  EXPECT_EQ(split("IT'S 'tis '"), (Pieces{"IT", "'", "S", " '", "tis", " '"}));
  EXPECT_EQ(split("'s'd"), (Pieces{"'s", "'d"}));
}

TEST(Gpt2Split, LettersAndNumbersOfAllScripts) {
  EXPECT_EQ(split("größe 你好 Привет мир"), (Pieces{"größe", " 你好", " Привет", " мир"}));
  EXPECT_EQ(split("a1b22 ٣४½²Ⅳ"), (Pieces{"a", "1", "b", "22", " ٣४½²Ⅳ"}));
  EXPECT_EQ(split("e\u0301"), (Pieces{"e", "\u0301"}));  // a combining accent is a mark, no letter
  EXPECT_EQ(split("😀😀 ok"), (Pieces{"😀😀", " ok"}));
}

TEST(Gpt2Split, SpacesAndLineFeeds) {
  EXPECT_EQ(split("a \n\n  b"), (Pieces{"a", " \n\n ", " b"}));
  EXPECT_EQ(split("a\n b"), (Pieces{"a", "\n", " b"}));
  EXPECT_EQ(split("a\nb"), (Pieces{"a", "\n", "b"}));
  EXPECT_EQ(split("a\n\nb"), (Pieces{"a", "\n", "\n", "b"}));
  EXPECT_EQ(split("end   "), (Pieces{"end", "   "}));
  EXPECT_EQ(split("\t\tx"), (Pieces{"\t", "\t", "x"}));
  EXPECT_EQ(split("a\u00A0b\u3000 c"), (Pieces{"a", "\u00A0", "b", "\u3000", " c"}));
}

TEST(Gpt2Split, SignsStayTogether) {
  EXPECT_EQ(split("x += 3; // yes!?"), (Pieces{"x", " +=", " 3", ";", " //", " yes", "!?"}));
}

TEST(Gpt2Split, ABadByteIsAPieceOfItsOwn) {
  EXPECT_EQ(split("ab\xFF\xFE cd\xC3"), (Pieces{"ab", "\xFF", "\xFE", " cd", "\xC3"}));
}

TEST(Gpt2Split, ThePiecesAreTheTextWhateverItsBytes) {
  std::mt19937 random(12);
  for (size_t n = 0; n < 500; ++n) {
    const std::string text = n % 2 ? random_bytes(random, n) : test::random_text(random, n);
    std::string joined;
    for (const std::string& piece : split(text)) {
      EXPECT_FALSE(piece.empty());
      joined += piece;
    }
    EXPECT_EQ(joined, text);
  }
}

TEST(Gpt2Files, BytesHaveTheirPublishedCharacters) {
  const auto character = [](int byte) { return gpt2_character_of_byte(static_cast<uint8_t>(byte)); };
  EXPECT_EQ(character('A'), U'A');
  EXPECT_EQ(character(0), U'Ā');
  EXPECT_EQ(character('\n'), U'Ċ');
  EXPECT_EQ(character(' '), U'Ġ');
  EXPECT_EQ(character(0x7F), U'ġ');
  EXPECT_EQ(character(0xA0), U'ł');
  EXPECT_EQ(character(0xA1), U'¡');
  EXPECT_EQ(character(0xAD), U'Ń');  // the soft hyphen, the last of the 68
  EXPECT_EQ(character(0xFF), U'ÿ');
}

/// A vocabulary in GPT-2's order: the bytes that print, the other bytes, then what the merges make, then the
/// special token.
struct Gpt2Fixture {
  nlohmann::json vocabulary = nlohmann::json::object();
  std::string merges = "#version: 0.2\n";

  Gpt2Fixture() {
    for (bool printing : {true, false})
      for (int byte = 0; byte < 256; ++byte) {
        const char32_t c = gpt2_character_of_byte(static_cast<uint8_t>(byte));
        if ((c < 0x100) == printing) add(name(c));
      }
    for (const auto& [left, right] :
         {std::pair{"Ġ", "t"}, {"h", "e"}, {"Ġt", "he"}, {"#", "#"}, {"Ã", "¤"}}) {
      merges += fmt::format("{} {}\n", left, right);
      add(std::string(left) + right);
    }
    add("<|endoftext|>");
  }
  void add(const std::string& token) { vocabulary[token] = vocabulary.size(); }
  static std::string name(char32_t c) {
    std::string text;
    append_utf8(text, c);
    return text;
  }
  fs::path write(const fs::path& folder) const {
    put_file(folder / "vocab.json", vocabulary.dump());
    put_file(folder / "merges.txt", merges);
    return folder;
  }
};

TEST(Gpt2Files, AFolderWithVocabularyAndMergesIsATokenizer) {
  const fs::path folder = Gpt2Fixture().write(fresh_folder());
  const auto tokenizer = load_tokenizer(folder);
  EXPECT_EQ(tokenizer->vocabulary_size(), 262);
  EXPECT_EQ(tokenizer->end_of_text(), 261);
  // In GPT-2 "!" is 0, "A" is 32, and a space 220.
  EXPECT_EQ(tokenizer->encode("! the A##"), (std::vector<int32_t>{0, 258, 220, 32, 259}));
  EXPECT_EQ(tokenizer->encode("ä"), std::vector<int32_t>{260});
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("any ä text\n")), "any ä text\n");
  tokenizer->save(folder / "saved.json");
  EXPECT_EQ(load_tokenizer(folder / "saved.json")->fingerprint(), tokenizer->fingerprint());
}

/// gpt2_reference.json comes from another implementation (make_gpt2_reference.py).
TEST(Gpt2Files, AnotherImplementationGivesTheSameTokens) {
  const auto reference = nlohmann::json::parse(read_file(fs::path(GPT_TEST_FOLDER) / "gpt2_reference.json"));
  const fs::path folder = fresh_folder();
  std::string merges = "#version: 0.2\n";
  for (const std::string line : reference.at("merges")) merges += line + "\n";
  put_file(folder / "vocab.json", reference.at("vocab").dump());
  put_file(folder / "merges.txt", merges);
  const auto tokenizer = load_tokenizer(folder);
  EXPECT_EQ(tokenizer->end_of_text(), 0);
  EXPECT_GT(reference.at("cases").size(), 100u);
  for (const auto& example : reference.at("cases")) {
    const std::string text = example.at("text");
    EXPECT_EQ(tokenizer->encode(text), example.at("tokens").get<std::vector<int32_t>>()) << text;
    EXPECT_EQ(tokenizer->decode(example.at("tokens").get<std::vector<int32_t>>()), text);
  }
}

TEST(Gpt2Files, WindowsLineEndsDoNoHarm) {
  Gpt2Fixture fixture;
  for (size_t at = 0; (at = fixture.merges.find('\n', at)) != std::string::npos; at += 2)
    fixture.merges.insert(at, "\r");
  EXPECT_EQ(load_tokenizer(fixture.write(fresh_folder()))->encode(" the"), std::vector<int32_t>{258});
}

TEST(Gpt2Files, MistakesNameTheFileAndTheLine) {
  const fs::path folder = fresh_folder();
  const auto error_with = [&](const std::function<void(Gpt2Fixture&)>& spoil) {
    Gpt2Fixture fixture;
    spoil(fixture);
    fixture.write(folder);
    return user_error([&] { load_tokenizer(folder); });
  };
  expect_contains(error_with([](auto& f) { f.merges += "one\n"; }),
                  "merges.txt, line 7: a merge is two names");
  expect_contains(error_with([](auto& f) { f.merges += "a b c\n"; }), "line 7: a merge is two names");
  expect_contains(error_with([](auto& f) { f.merges += "a xyz\n"; }),
                  "line 7: the vocabulary has no token 'xyz'");
  expect_contains(error_with([](auto& f) { f.merges += "a b\n"; }),
                  "line 7: the vocabulary has no token 'ab'");
  expect_contains(error_with([](auto& f) { f.vocabulary.erase("Ġ"); }), "vocabulary has no token 'Ġ'");
  expect_contains(error_with([](auto& f) { f.vocabulary["extra"] = 5000; }), "do not fit together");
  expect_contains(error_with([](auto& f) { f.vocabulary["extra"] = "x"; }), "vocab.json is no vocabulary");
  expect_contains(error_with([](auto& f) { f.vocabulary = 3; }), "vocab.json is no vocabulary");
  fs::remove(folder / "merges.txt");
  Gpt2Fixture().write(folder);
  fs::remove(folder / "merges.txt");
  expect_contains(user_error([&] { load_tokenizer(folder); }), "merges.txt: No such file");
}

}  // namespace
}  // namespace gpt
