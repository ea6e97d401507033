// Hidden seconds, parts of the backward pass, and the file of all ranks' events.

#include "11_ddp/timeline.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "11_ddp/backward_parts.hpp"
#include "11_ddp/hidden.hpp"

namespace gpt {
namespace {

using std::chrono::milliseconds;

std::chrono::steady_clock::time_point at(int64_t ms) {
  return std::chrono::steady_clock::time_point() + milliseconds(ms);
}
Interval from_to(int64_t start, int64_t end) {
  return {at(start), at(end)};
}

TEST(Hidden, IsWhatTheIntervalsShareWithTheBackwardPass) {
  const Interval backward = from_to(100, 200);
  const auto hidden_ms = [&](const std::vector<Interval>& buckets) {
    return hidden_behind(backward, buckets).hidden * 1e3;
  };
  EXPECT_DOUBLE_EQ(hidden_ms({from_to(0, 50)}), 0);
  EXPECT_DOUBLE_EQ(hidden_ms({from_to(0, 100)}), 0);
  EXPECT_DOUBLE_EQ(hidden_ms({from_to(90, 110)}), 10);
  EXPECT_DOUBLE_EQ(hidden_ms({from_to(120, 150)}), 30);
  EXPECT_DOUBLE_EQ(hidden_ms({from_to(180, 230)}), 20);
  EXPECT_DOUBLE_EQ(hidden_ms({from_to(50, 250)}), 100);
  EXPECT_DOUBLE_EQ(hidden_ms({from_to(200, 250)}), 0);
  EXPECT_DOUBLE_EQ(hidden_ms({from_to(110, 150), from_to(150, 180), from_to(180, 300)}), 90);
}

TEST(Hidden, TheShareIsThatOfAllSeconds) {
  const std::vector<Interval> buckets{from_to(110, 150), from_to(150, 180), from_to(180, 300)};
  const Hiding hiding = hidden_behind(from_to(100, 200), buckets);
  EXPECT_DOUBLE_EQ(hiding.total, 0.190);
  EXPECT_DOUBLE_EQ(hiding.share(), 90.0 / 190.0);
  EXPECT_DOUBLE_EQ(hidden_behind(from_to(100, 200), {}).share(), 1.0);
  Hiding sum = hiding;
  sum += hiding;
  EXPECT_DOUBLE_EQ(sum.total, 0.380);
  EXPECT_DOUBLE_EQ(sum.hidden, 0.180);
}

TEST(BackwardParts, AreNamedByTheirParameters) {
  EXPECT_EQ(part_of("h.3.attn.c_attn.weight"), "layer 3");
  EXPECT_EQ(part_of("h.11.ln_1.bias"), "layer 11");
  EXPECT_EQ(part_of("ln_f.weight"), "head");
  EXPECT_EQ(part_of("wte.weight"), "embedding");
  EXPECT_EQ(part_of("wpe.weight"), "embedding");
}

TEST(BackwardParts, EndWithTheLastOfTheirParametersAndLeaveNoGap) {
  ParameterStore store;
  for (const char* name : {"wte.weight", "h.0.a", "h.0.b", "h.1.a", "h.1.b", "ln_f.bias"})
    store.declare(name, {4}, [](const Tensor&, const RandomStream&) {});
  store.allocate(1);  // lies as ln_f.bias, h.1.b, h.1.a, h.0.b, h.0.a, wte.weight
  const auto parts =
      backward_parts(store, from_to(100, 200), {at(110), at(120), at(130), at(150), at(140), at(190)});
  const std::vector<std::pair<std::string, Interval>> expected{{"head", from_to(100, 110)},
                                                               {"layer 1", from_to(110, 130)},
                                                               {"layer 0", from_to(130, 150)},
                                                               {"embedding", from_to(150, 190)}};
  ASSERT_EQ(parts.size(), expected.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(parts[i].name, expected[i].first);
    EXPECT_EQ(parts[i].interval.start, expected[i].second.start);
    EXPECT_EQ(parts[i].interval.end, expected[i].second.end);
  }
  // What was not ready in this pass makes no part.
  const auto one = backward_parts(store, from_to(100, 200), {{}, {}, at(130), {}, {}, {}});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].name, "layer 1");
  EXPECT_EQ(one[0].interval.start, at(100));
}

nlohmann::json file_of(int ranks) {
  std::string text;
  run_threads(ranks, [&](Communicator& communicator) {
    Trace trace;
    static_cast<void>(trace.span("before"));
    TimelineRecorder recorder(trace, communicator);
    const auto start = std::chrono::steady_clock::now();
    {
      const Trace::Span step = trace.span("step 1");
      static_cast<void>(trace.span(fmt::format("work of \"{}\"", communicator.rank())));
    }
    const Interval interval{start, std::chrono::steady_clock::now()};
    trace.add({"communication", "bucket 0", interval, {{"bytes", 1 << 20}, {"bucket", 0}}});
    const auto all = recorder.finish();
    static_cast<void>(trace.span("after"));
    EXPECT_TRUE(trace.take_events().empty());
    EXPECT_EQ(all.size(), communicator.rank() == 0 ? static_cast<size_t>(communicator.size()) : 0u);
    if (communicator.rank() == 0) text = chrome_trace(all);
  });
  return nlohmann::json::parse(text);
}

TEST(Timeline, HoldsTheEventsOfEveryRank) {
  for (const int ranks : {1, 2, 3, 4}) {
    const nlohmann::json file = file_of(ranks);
    EXPECT_EQ(file["otherData"]["clock_error_us"].size(), static_cast<size_t>(ranks));
    std::map<int, std::map<std::string, nlohmann::json>> events;
    std::map<int, std::map<int, std::string>> tracks;
    for (const auto& event : file["traceEvents"]) {
      if (event["ph"] == "X") events[event["pid"]][event["name"]] = event;
      if (event["name"] == "thread_name") tracks[event["pid"]][event["tid"]] = event["args"]["name"];
    }
    double first = 1e9;
    ASSERT_EQ(events.size(), static_cast<size_t>(ranks));
    for (auto& [rank, of_rank] : events) {
      EXPECT_EQ(of_rank.size(), 3u);
      const nlohmann::json& step = of_rank.at("step 1");
      const nlohmann::json& work = of_rank.at(fmt::format("work of \"{}\"", rank));
      const nlohmann::json& bucket = of_rank.at("bucket 0");
      EXPECT_EQ(tracks[rank][step["tid"]], "main");
      EXPECT_EQ(tracks[rank][work["tid"]], "main");
      EXPECT_EQ(tracks[rank][bucket["tid"]], "communication");
      EXPECT_EQ(bucket["args"]["bytes"], 1 << 20);
      const auto end = [](const nlohmann::json& e) { return e["ts"].get<double>() + e["dur"].get<double>(); };
      EXPECT_LE(step["ts"], work["ts"]);
      EXPECT_LE(end(work), end(step) + 1e-6);
      EXPECT_GE(step["dur"], 0.0);
      for (const auto& [name, event] : of_rank) first = std::min(first, event["ts"].get<double>());
    }
    EXPECT_EQ(first, 0.0);
  }
}

TEST(Timeline, NamesThatAreNoTextDoNotSpoilTheFile) {
  const std::string text = chrome_trace({{0, {{"main", "\xff\"\\\n", 0, 1e-9, {}}}}});
  EXPECT_EQ(nlohmann::json::parse(text)["traceEvents"][0]["dur"], 1e-3);
}

}  // namespace
}  // namespace gpt
