#include "common/trace.hpp"

#include <utility>

#include "common/check.hpp"

namespace gpt {
namespace {

std::string for_seconds(std::chrono::steady_clock::time_point since) {
  return fmt::format(" for {:.1f} s", Interval{since, std::chrono::steady_clock::now()}.seconds());
}

}  // namespace

Trace::Span Trace::span(std::string name) {
  const std::lock_guard lock(mutex_);
  open_.push_back({std::move(name), std::chrono::steady_clock::now()});
  return Span(this);
}

Interval Trace::close() {
  const std::lock_guard lock(mutex_);
  Open ended = std::move(open_.back());
  open_.pop_back();
  last_end_ = std::chrono::steady_clock::now();
  const Interval interval{ended.start, last_end_};
  if (recording_) events_.push_back({"main", ended.name, interval});
  if (open_.empty()) last_ = "after " + std::move(ended.name);
  return interval;
}

void Trace::add(Event event) {
  const std::lock_guard lock(mutex_);
  if (recording_) events_.push_back(std::move(event));
}

void Trace::record(bool on) {
  const std::lock_guard lock(mutex_);
  recording_ = on;
}

bool Trace::recording() const {
  const std::lock_guard lock(mutex_);
  return recording_;
}

std::vector<Trace::Event> Trace::take_events() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

std::string Trace::where() const {
  const std::lock_guard lock(mutex_);
  if (open_.empty()) return last_ + for_seconds(last_end_);
  std::string text;
  for (const Open& span : open_) text += (text.empty() ? "" : ", ") + span.name;
  return text + for_seconds(open_.back().start);
}

}  // namespace gpt
