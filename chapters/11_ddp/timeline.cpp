#include "11_ddp/timeline.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

namespace gpt {
namespace {

using Json = nlohmann::ordered_json;

// Texts of any length from rank to rank: the length, then the bytes, four to a word.
void send_text(const std::string& text, int to, Communicator& communicator) {
  GPT_CHECK(text.size() <= INT32_MAX, "a text of {} bytes is too long to send", text.size());
  const auto length = static_cast<int64_t>(text.size());
  const Tensor words = Tensor::zeros({(length + 3) / 4}, DType::i32);
  if (length > 0) std::memcpy(words.bytes_data(), text.data(), text.size());
  communicator.send(Tensor::scalar(static_cast<double>(length), DType::i32), to);
  communicator.send(words, to);
}

std::string receive_text(int from, Communicator& communicator) {
  const Tensor length = Tensor::scalar(0.0, DType::i32);
  communicator.receive(length, from);
  const int64_t bytes = length.at<int32_t>({});
  const Tensor words = Tensor::zeros({(bytes + 3) / 4}, DType::i32);
  communicator.receive(words, from);
  return {reinterpret_cast<const char*>(words.bytes_data()), static_cast<size_t>(bytes)};
}

Json to_json(const RankTimeline& rank) {
  Json events = Json::array();
  for (const TimelineEvent& e : rank.events) events.push_back({e.track, e.name, e.start, e.end, e.numbers});
  return {rank.clock_error, events};
}

RankTimeline from_json(const Json& json) {
  RankTimeline rank{json[0], {}};
  for (const Json& e : json[1]) rank.events.push_back({e[0], e[1], e[2], e[3], e[4]});
  return rank;
}

/// Names are what they are; what is no UTF-8 in them must not spoil the file.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Rounded so, what ended together ends together.
int64_t nanoseconds(double seconds) {
  return std::llround(seconds * 1e9);
}

Json metadata(const char* name, size_t rank, size_t track, const Json& arguments) {
  return {{"name", name}, {"ph", "M"}, {"pid", rank}, {"tid", track}, {"args", arguments}};
}

}  // namespace

TimelineRecorder::TimelineRecorder(Trace& trace, Communicator& communicator)
    : trace_(trace), communicator_(communicator), first_(compare_clocks(communicator)) {
  trace_.take_events();
  trace_.record(true);
}

// [finish]
std::vector<RankTimeline> TimelineRecorder::finish() {
  trace_.record(false);
  const ClockAlignment clock(first_, compare_clocks(communicator_));
  RankTimeline mine{clock.error(), {}};
  for (Trace::Event& event : trace_.take_events())
    mine.events.push_back({std::move(event.track), std::move(event.name),
                           clock.on_rank_0(seconds_of(event.interval.start)),
                           clock.on_rank_0(seconds_of(event.interval.end)), std::move(event.numbers)});
  if (communicator_.rank() > 0) {
    send_text(text_of(to_json(mine)), 0, communicator_);
    return {};
  }
  std::vector<RankTimeline> all{std::move(mine)};
  for (int rank = 1; rank < communicator_.size(); ++rank)
    all.push_back(from_json(Json::parse(receive_text(rank, communicator_))));

  double first = std::numeric_limits<double>::infinity();
  for (const RankTimeline& rank : all)
    for (const TimelineEvent& event : rank.events) first = std::min(first, event.start);
  for (RankTimeline& rank : all)
    for (TimelineEvent& event : rank.events) event.start -= first, event.end -= first;
  return all;
}
// [/finish]

// [chrome_trace]
std::string chrome_trace(const std::vector<RankTimeline>& ranks) {
  Json events = Json::array(), errors = Json::array();
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    std::vector<std::string> tracks;
    for (const TimelineEvent& event : ranks[rank].events) {
      const auto found = std::find(tracks.begin(), tracks.end(), event.track);
      const auto track = static_cast<size_t>(found - tracks.begin());
      if (found == tracks.end()) tracks.push_back(event.track);
      const int64_t start = nanoseconds(event.start), end = nanoseconds(event.end);
      Json arguments = Json::object();
      for (const auto& [name, number] : event.numbers) arguments[name] = number;
      events.push_back({{"name", event.name},
                        {"ph", "X"},
                        {"pid", rank},
                        {"tid", track},
                        {"ts", static_cast<double>(start) / 1e3},
                        {"dur", static_cast<double>(end - start) / 1e3},
                        {"args", arguments}});
    }
    errors.push_back(ranks[rank].clock_error * 1e6);
    events.push_back(metadata("process_name", rank, 0, {{"name", fmt::format("rank {}", rank)}}));
    events.push_back(metadata("process_sort_index", rank, 0, {{"sort_index", rank}}));
    for (size_t track = 0; track < tracks.size(); ++track)
      events.push_back(metadata("thread_name", rank, track, {{"name", tracks[track]}}));
  }
  const Json file{
      {"displayTimeUnit", "ms"}, {"otherData", {{"clock_error_us", errors}}}, {"traceEvents", events}};
  return text_of(file) + "\n";
}
// [/chrome_trace]

}  // namespace gpt
