#include "common/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(Trace, SaysWhereTheProcessIs) {
  Trace trace;
  EXPECT_THAT(trace.where(), testing::StartsWith("starting for 0."));
  {
    const Trace::Span step = trace.span("step 17");
    const Trace::Span backward = trace.span("backward");
    EXPECT_THAT(trace.where(), testing::StartsWith("step 17, backward for 0."));
  }
  EXPECT_THAT(trace.where(), testing::StartsWith("after step 17 for 0."));
}

TEST(Trace, RecordsSpansInsideEachOther) {
  Trace trace;
  trace.record(true);
  {
    const Trace::Span outer = trace.span("outer");
    const Trace::Span inner = trace.span("inner");
  }
  const std::vector<Trace::Event> events = trace.take_events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].name, "inner");
  EXPECT_EQ(events[1].name, "outer");
  EXPECT_LE(events[1].interval.start, events[0].interval.start);
  EXPECT_LE(events[0].interval.start, events[0].interval.end);
  EXPECT_LE(events[0].interval.end, events[1].interval.end);
  EXPECT_TRUE(trace.take_events().empty());
}

TEST(Trace, ASpanThatIsEndedTellsItsIntervalAndEndsOnce) {
  Trace trace;
  trace.record(true);
  Interval interval;
  {
    const Trace::Span outer = trace.span("outer");
    Trace::Span inner = trace.span("inner");
    interval = inner.end();
    EXPECT_THAT(trace.where(), testing::StartsWith("outer for"));
  }
  const std::vector<Trace::Event> events = trace.take_events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].name, "inner");
  EXPECT_EQ(events[0].interval.start, interval.start);
  EXPECT_EQ(events[0].interval.end, interval.end);
}

TEST(Trace, RecordsOnlyWhenAsked) {
  Trace trace;
  static_cast<void>(trace.span("before"));
  trace.add({"other", "before", {}});
  trace.record(true);
  trace.add({"other", "while", {}});
  trace.record(false);
  static_cast<void>(trace.span("after"));
  const std::vector<Trace::Event> events = trace.take_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].track, "other");
  EXPECT_EQ(events[0].name, "while");
}

}  // namespace
}  // namespace gpt
