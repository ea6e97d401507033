#include "14_parameter_server/pace.hpp"

#include <algorithm>
#include <charconv>

#include "common/check.hpp"

namespace gpt {

Pace parse_pace(std::string_view text) {
  if (text == "sync") return {Mode::synchronous, 0};
  if (text == "async") return {Mode::asynchronous, 0};
  constexpr std::string_view prefix = "stale:";
  int64_t bound = -1;
  if (text.starts_with(prefix)) {
    const char* const end = text.data() + text.size();
    if (std::from_chars(text.data() + prefix.size(), end, bound).ptr != end) bound = -1;
  }
  GPT_REQUIRE(bound >= 0, "a pace is sync, async or stale:N with a bound N of 0 or more, not {}", text);
  return {Mode::stale, bound};
}

std::string to_string(const Pace& pace) {
  switch (pace.mode) {
    case Mode::synchronous:
      return "sync";
    case Mode::stale:
      return fmt::format("stale:{}", pace.bound);
    case Mode::asynchronous:
      return "async";
  }
  return "?";
}

ClockTable::ClockTable(Pace pace, int workers)
    : pace_(pace), clocks_(static_cast<size_t>(workers)), lives_(static_cast<size_t>(workers), true) {
  GPT_CHECK(workers > 0 && pace.bound >= 0, "{} workers and a bound of {}", workers, pace.bound);
}

int ClockTable::living() const {
  return static_cast<int>(std::count(lives_.begin(), lives_.end(), true));
}

// [may_begin]
int64_t ClockTable::slowest() const {
  int64_t slowest = *std::max_element(clocks_.begin(), clocks_.end());
  for (size_t w = 0; w < clocks_.size(); ++w)
    if (lives_[w]) slowest = std::min(slowest, clocks_[w]);
  return slowest;
}

bool ClockTable::may_begin(int worker) const {
  const int64_t ahead = clock(worker) - slowest();
  return pace_.mode == Mode::asynchronous || ahead <= (pace_.mode == Mode::stale ? pace_.bound : 0);
}
// [/may_begin]

void ClockTable::tick(int worker) {
  ++clocks_.at(static_cast<size_t>(worker));
}

void ClockTable::remove(int worker) {
  lives_.at(static_cast<size_t>(worker)) = false;
}

void ClockTable::restore(const std::vector<int64_t>& clocks, const std::vector<bool>& lives) {
  GPT_CHECK(clocks.size() == clocks_.size() && lives.size() == clocks_.size(),
            "the clocks of {} workers for {}", clocks.size(), clocks_.size());
  clocks_ = clocks;
  lives_ = lives;
}

}  // namespace gpt
