#include "16_trainer/timeline_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include "16_trainer/together.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

constexpr int64_t most_steps = 1000;

struct Range {
  int64_t first = 0, last = 0;
};

/// "3:12"; {0, 0} when that is not what the text is.
Range parse_range(const std::string& text) {
  Range range;
  const char* const end = text.data() + text.size();
  const auto [colon, first_error] = std::from_chars(text.data(), end, range.first);
  if (first_error != std::errc() || colon == end || *colon != ':') return {};
  const auto [rest, last_error] = std::from_chars(colon + 1, end, range.last);
  return last_error == std::errc() && rest == end ? range : Range();
}

}  // namespace

void TimelineOptions::check() const {
  if (file.empty()) return;
  const Range range = parse_range(steps);
  GPT_REQUIRE(range.first >= 1 && range.last >= range.first && range.last - range.first < most_steps,
              "--timeline-steps takes FIRST:LAST, at most {} steps counted from 1, not '{}'", most_steps,
              steps);
  std::error_code error;
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  GPT_REQUIRE(std::filesystem::is_directory(folder, error), "cannot write {}: there is no folder {}",
              file.string(), folder.string());
  GPT_REQUIRE(!std::filesystem::is_directory(file, error), "cannot write {}: it is a folder", file.string());
  GPT_REQUIRE(::access(folder.c_str(), W_OK | X_OK) == 0, "cannot write {}: {}", file.string(),
              std::strerror(errno));
}

void add_timeline_options(ArgumentParser& parser, TimelineOptions& options) {
  parser.add_option("--timeline", options.file,
                    "file for what every rank did when; open it at ui.perfetto.dev or chrome://tracing");
  parser.add_option("--timeline-steps", options.steps,
                    "FIRST:LAST, the steps in it, counted from where this run begins (3:12)");
}

TimelineFile::TimelineFile(const TimelineOptions& options, Trace& trace, Communicator& communicator)
    : file_(options.file), trace_(trace), communicator_(communicator) {
  if (file_.empty()) return;
  const Range range = parse_range(options.steps);
  first_ = range.first, last_ = range.last;
}

void TimelineFile::before_step() {
  ++step_;
  if (step_ == last_ + 1) finish();
  if (step_ == first_) recorder_.emplace(trace_, communicator_);
}

void TimelineFile::finish() {
  if (!recorder_) return;
  const std::vector<RankTimeline> ranks = recorder_->finish();
  recorder_.reset();
  on_first_rank(communicator_, [&] { write_file_atomically(file_, chrome_trace(ranks)); });
}

}  // namespace gpt
