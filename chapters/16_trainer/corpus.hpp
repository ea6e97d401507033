#pragma once
// The default text: the book itself.

#include <string_view>

namespace gpt {

/// The lessons and the sources they explain, chapter by chapter, as they were when this program was built.
std::string_view book_text();

}  // namespace gpt
