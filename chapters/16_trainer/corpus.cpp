#include "16_trainer/corpus.hpp"

// Made by corpus.cmake and the assembler: a compiler would take the text as a string, and be slow about it.
extern "C" const char gpt_book_begin[];
extern "C" const char gpt_book_end[];

namespace gpt {

std::string_view book_text() {
  return {gpt_book_begin, gpt_book_end};
}

}  // namespace gpt
