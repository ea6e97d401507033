#include "16_trainer/text_stream.hpp"

#include "04_text/utf8.hpp"

namespace gpt {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr size_t longest = 4;                             // bytes of a character

}  // namespace

void TextStream::put(int32_t token) {
  waiting_ += tokenizer_.token_bytes(token);
  drain(false);
}

void TextStream::finish() {
  drain(true);
}

/// Four bytes are enough to know whether a character begins with them; fewer may still become one.
void TextStream::drain(bool all) {
  std::string out;
  size_t at = 0;
  while (at < waiting_.size()) {
    const auto length = static_cast<size_t>(utf8_length(waiting_, at));
    const bool may_grow = length == 0 && waiting_.size() - at < longest && !all &&
                          static_cast<unsigned char>(waiting_[at]) >= 0xC2;  // a leading byte of several
    if (may_grow) break;
    out += length > 0 ? std::string_view(waiting_).substr(at, length) : replacement;
    at += length > 0 ? length : 1;
  }
  waiting_.erase(0, at);
  if (!out.empty()) sink_(out);
}

std::string sample_text(Gpt& model, const Tokenizer& tokenizer, const Tokens& data, int64_t count,
                        uint64_t seed) {
  std::vector<int32_t> prompt(1);
  try {
    prompt = tokenizer.encode("\n");
  } catch (const UserError&) {  // a character tokenizer whose text is one line
    data.copy(0, 1, prompt.data());
  }
  std::string text;
  TextStream stream(tokenizer, [&](std::string_view piece) { text += piece; });
  generate(model, prompt, count, {.temperature = 0.8, .seed = seed},
           [&](int32_t token) { stream.put(token); });
  stream.finish();
  return text;
}

}  // namespace gpt
