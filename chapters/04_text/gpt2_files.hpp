#pragma once
// Reading the two files in which GPT-2's tokenizer is published.

#include "04_text/bpe_tokenizer.hpp"

namespace gpt {

/// The tokenizer of `vocab.json` (token names → numbers) and `merges.txt` (one merge a line, the earliest
/// first), as OpenAI published them for GPT-2 and many models since. Names in the vocabulary that are neither
/// a byte nor made by a merge become special tokens. Throws UserError that names the file and the place.
std::unique_ptr<Tokenizer> load_gpt2_tokenizer(const std::filesystem::path& vocabulary_file,
                                               const std::filesystem::path& merges_file);

/// The character that stands for `byte` in these files. Bytes that print stand for themselves (as Latin-1);
/// the other 68 get U+0100, U+0101, … in turn: a space is "Ġ", a line feed "Ċ".
char32_t gpt2_character_of_byte(uint8_t byte);

}  // namespace gpt
