#include "04_text/gpt2_split.hpp"

namespace gpt {

// [rule]
Regex gpt2_splitting_rule() {
  return Regex(
      "'s|'t|'re|'ve|'m|'ll|'d"  // the endings of English contractions
      "| ?\\p{L}+"               // letters, with one space before them
      "| ?\\p{N}+"               // digits, likewise
      "| ?[^\\s\\p{L}\\p{N}]+"   // signs, likewise
      "|\\s+(?!\\S)"             // spaces, but the last one before a word belongs to the word
      "|\\s+");
}
// [/rule]

}  // namespace gpt
