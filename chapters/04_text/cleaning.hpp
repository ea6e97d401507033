#pragma once
// Cleaning: making texts alike that look alike, before they become tokens.

#include <string>
#include <string_view>

namespace gpt {

// Each step takes and gives valid UTF-8, and done twice it does no more than done once.

/// Carriage returns, with or without a line feed, and Unicode's own line ends become '\n'.
std::string normalise_line_endings(std::string_view text);

/// Removes what does not show: control characters other than line feed and tab, byte order marks, zero-width
/// spaces and soft hyphens.
std::string remove_control_characters(std::string_view text);

/// Typographic quotes and dashes become their ASCII relatives, an ellipsis three dots.
std::string normalise_punctuation(std::string_view text);

/// Each run of spaces within a line becomes one space, none stays at a line's end, three or more line feeds
/// become two, and nothing stays at the ends of the text. Destroys the indentation of code and verse: not for
/// every text.
std::string fold_whitespace(std::string_view text);

/// Upper-case letters of all scripts become lower-case ones.
std::string lower_case(std::string_view text);

/// Removes about a hundred of the most frequent English words ("the", "of", "and", …), each with one space
/// behind it. Helps to count topics; a model that shall write sentences needs these words.
std::string remove_stop_words(std::string_view text);

/// Which steps clean() takes. The default changes nothing that a reader could see.
struct CleaningOptions {
  bool line_endings = true;
  bool control_characters = true;
  bool punctuation = false;
  bool whitespace = false;
  bool lower_case = false;
  bool stop_words = false;
};

/// The chosen steps in this order. Throws UserError unless `text` is UTF-8.
std::string clean(std::string_view text, const CleaningOptions& options = {});

}  // namespace gpt
