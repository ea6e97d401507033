#pragma once
// A timeline file (chapter 11) as a picture of one of its steps.

#include <string>

namespace gpt {

/// One step of every rank out of a file as chrome_trace() of chapter 11 writes it: the one in the middle,
/// since the first are slow. HTML: what the colours mean, then the picture as SVG. "" when the text is no
/// such file, or has no step in it.
std::string timeline_picture(const std::string& chrome_trace);

}  // namespace gpt
