// Says: without its newline it is not whole
#include "exercises/16_trainer/cut_metrics.hpp"

#include <charconv>

namespace gpt {

std::string cut_metrics(std::string_view text, int64_t last_step) {
  constexpr std::string_view head = "{\"step\":";
  size_t kept = 0;
  for (size_t end = text.find('\n'); end != text.npos; end = text.find('\n', kept)) {
    std::string_view line = text.substr(kept, end - kept);
    line.remove_prefix(std::min(line.find_first_not_of(' ', head.size()), line.size()));
    int64_t step = 0;
    std::from_chars(line.data(), line.data() + line.size(), step);
    if (step > last_step) break;
    kept = end + 1;
  }
  if (text.find('\n', kept) == text.npos) kept = text.size();
  return std::string(text.substr(0, kept));
}

}  // namespace gpt
