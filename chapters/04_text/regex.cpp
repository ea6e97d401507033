#include "04_text/regex.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "common/check.hpp"

namespace gpt {
namespace {

PCRE2_SPTR units(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

std::string error_text(int code) {
  PCRE2_UCHAR message[256] = {};
  pcre2_get_error_message(code, message, sizeof message);
  return reinterpret_cast<const char*>(message);
}

}  // namespace

struct Regex::Compiled {
  pcre2_code* code = nullptr;
  ~Compiled() { pcre2_code_free(code); }
};

Regex::Regex(std::string_view pattern) : compiled_(std::make_unique<Compiled>()) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  compiled_->code =
      pcre2_compile(units(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
  GPT_CHECK(compiled_->code != nullptr, "pattern {}: {} at {}", pattern, error_text(error), offset);
  pcre2_jit_compile(compiled_->code,
                    PCRE2_JIT_COMPLETE);  // to machine code; where it cannot, PCRE2 interprets
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

Regex::Scan::Scan(const Regex& regex, std::string_view text)
    : regex_(regex), text_(text), match_data_(pcre2_match_data_create(1, nullptr)) {}

Regex::Scan::~Scan() {
  pcre2_match_data_free(static_cast<pcre2_match_data*>(match_data_));
}

bool Regex::Scan::next(std::string_view& match) {
  auto* data = static_cast<pcre2_match_data*>(match_data_);
  // The caller vouches for the UTF-8: checking the rest of the text again at every match would be quadratic.
  const int result = pcre2_match(regex_.compiled_->code, units(text_), text_.size(), position_,
                                 PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, data, nullptr);
  if (result == PCRE2_ERROR_NOMATCH) return false;
  GPT_CHECK(result >= 0, "matching failed at byte {}: {}", position_, error_text(result));
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data);
  match = text_.substr(bounds[0], bounds[1] - bounds[0]);
  position_ = bounds[1];
  return true;
}

std::string Regex::replace_all(std::string_view text, std::string_view replacement) const {
  std::string result(text.size() + 64, '\0');
  constexpr uint32_t options = PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_EXTENDED | PCRE2_NO_UTF_CHECK |
                               PCRE2_SUBSTITUTE_OVERFLOW_LENGTH;
  for (;;) {
    PCRE2_SIZE length = result.size();
    const int status = pcre2_substitute(compiled_->code, units(text), text.size(), 0, options, nullptr,
                                        nullptr, units(replacement), replacement.size(),
                                        reinterpret_cast<PCRE2_UCHAR*>(result.data()), &length);
    result.resize(length);  // too short: the length needed
    if (status == PCRE2_ERROR_NOMEMORY) continue;
    GPT_CHECK(status >= 0, "replacing failed: {}", error_text(status));
    return result;
  }
}

}  // namespace gpt
