#pragma once
// Token files of llm.c (Karpathy, 2024), the other way to keep a text that has been encoded once.
//
//   1,024 bytes   256 int32: 20240520, version 1, the number of tokens, zeros
//   tokens        uint16 each
//
// Source: https://github.com/karpathy/llm.c, dev/data/data_common.py. All numbers are little-endian. The file
// names no tokenizer; in llm.c it is GPT-2's.

#include <filesystem>

#include "04_text/tokenizer.hpp"

namespace gpt {

/// Whether the file begins as llm.c's token files do.
bool is_llm_c_tokens(const std::filesystem::path& path);

/// Writes the tokens of `from`, a file of llm.c's, as a token file of ours, made by `tokenizer`. Returns
/// their number. Throws UserError for a damaged file, a token that the tokenizer does not know, or where `to`
/// is there.
int64_t from_llm_c_tokens(const std::filesystem::path& from, const Tokenizer& tokenizer,
                          const std::filesystem::path& to);

/// The other way. Throws UserError where a token needs more than 16 bits, or where `to` is there.
int64_t to_llm_c_tokens(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace gpt
