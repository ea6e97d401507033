#pragma once
// What a process is doing, and what it did when.

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/timing.hpp"

namespace gpt {

/// Named spans of time. The thread that owns the trace opens and closes spans, one inside the other; any
/// thread may add what it did, or ask where the owner is. Events are kept only between record(true) and
/// record(false): where() always works.
class Trace {
 public:
  struct Event {
    std::string track;  ///< who did it: "main" for spans
    std::string name;
    Interval interval;
    std::vector<std::pair<std::string, int64_t>> numbers = {};  ///< what else there is to say: its bytes, …
  };

  /// Open until it ends, at the latest when it is destroyed.
  class Span {
   public:
    Span(Span&& other) noexcept : trace_(other.trace_) { other.trace_ = nullptr; }
    Span& operator=(Span&&) = delete;
    ~Span() {
      if (trace_) trace_->close();
    }
    /// Ends it now, once; from when to when it was open, whether that is recorded or not.
    Interval end() { return std::exchange(trace_, nullptr)->close(); }

   private:
    friend class Trace;
    explicit Span(Trace* trace) : trace_(trace) {}
    Trace* trace_;
  };

  [[nodiscard]] Span span(std::string name);
  /// Something that is over, on a track of its own.
  void add(Event event);

  void record(bool on);
  bool recording() const;
  /// The events recorded so far, in the order in which they ended; they are forgotten here.
  std::vector<Event> take_events();

  /// The open spans, outermost first, and for how long the innermost has been open: "step 17, backward for
  /// 2.4 s". "starting" before the first.
  std::string where() const;

 private:
  struct Open {
    std::string name;
    std::chrono::steady_clock::time_point start;
  };
  Interval close();

  mutable std::mutex mutex_;
  bool recording_ = false;
  std::vector<Open> open_;
  std::string last_ = "starting";  // where() when nothing is open
  std::chrono::steady_clock::time_point last_end_ = std::chrono::steady_clock::now();
  std::vector<Event> events_;
};

}  // namespace gpt
