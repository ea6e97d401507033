#pragma once
// Regular expressions that know Unicode: a thin owner around PCRE2.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gpt {

/// A compiled pattern in PCRE2's language, where `\p{L}` is any letter of any script and `\s` any Unicode
/// space. Immutable: threads may share one.
class Regex {
 public:
  explicit Regex(std::string_view pattern);  ///< throws Error for a pattern that does not compile
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  /// Calls `found` with each match in `text`, which must be valid UTF-8, from left to right.
  template <typename Found>
  void for_each_match(std::string_view text, Found&& found) const {
    Scan scan(*this, text);
    for (std::string_view match; scan.next(match);) found(match);
  }

  /// `text`, valid UTF-8, with each match replaced: `$0` is the match, `\L$0` the match in lower case.
  std::string replace_all(std::string_view text, std::string_view replacement) const;

 private:
  struct Compiled;

  /// One walk through one text.
  class Scan {
   public:
    Scan(const Regex& regex, std::string_view text);
    ~Scan();
    Scan(const Scan&) = delete;
    Scan& operator=(const Scan&) = delete;
    bool next(std::string_view& match);

   private:
    const Regex& regex_;
    std::string_view text_;
    size_t position_ = 0;
    void* match_data_ = nullptr;
  };

  std::unique_ptr<Compiled> compiled_;
};

}  // namespace gpt
