#include "10_collectives/rank_report.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace gpt {
namespace {

/// A text in a fixed place.
template <size_t size>
class Text {
 public:
  void operator=(const std::string& text) {
    size_t length = std::min(text.size(), size - 1);
    while (length < text.size() && length > 0 && (text[length] & 0xC0) == 0x80)
      --length;  // inside a character
    std::memcpy(text_, text.data(), length);
    text_[length] = '\0';
  }
  std::string str() const { return text_; }

 private:
  char text_[size] = {};
};

struct WireLane {
  Text<Lane::longest_group + 1> group;
  int32_t size = 0, kind = 0;
  uint64_t last = 0;
  int32_t calls = 0;
  std::array<NumberedCall, calls_reported> call;
};

struct WireReport {
  int32_t rank = 0, state = 0, pid = 0;
  int32_t lanes = 0, waits = 0;
  Text<64> host;
  Text<160> where;
  Text<240> failure;
  Text<Lane::longest_group + 1> wait_group;
  int32_t wait_kind = 0;
  uint64_t wait_number = 0;
  Call wait_call;
  double waited = 0;
  std::array<WireLane, lanes_reported> lane;
};

static_assert(std::is_trivially_copyable_v<WireReport>);
static_assert(sizeof(WireReport) < 4000);

}  // namespace

size_t report_bytes() {
  return sizeof(WireReport);
}

std::vector<std::byte> to_bytes(const RankReport& report) {
  WireReport wire;
  wire.rank = report.rank;
  wire.state = static_cast<int32_t>(report.state);
  wire.pid = report.pid;
  wire.host = report.host;
  wire.where = report.where;
  wire.failure = report.failure;
  if (report.wait) {
    wire.waits = 1;
    wire.wait_group = report.wait->group;
    wire.wait_kind = static_cast<int32_t>(report.wait->kind);
    wire.wait_number = report.wait->number;
    wire.wait_call = report.wait->call;
    wire.waited = report.waited;
  }
  wire.lanes = static_cast<int32_t>(std::min(report.lanes.size(), lanes_reported));
  for (size_t i = 0; i < static_cast<size_t>(wire.lanes); ++i) {
    const Lane& lane = report.lanes[i];
    WireLane& to = wire.lane[i];
    to.group = lane.group;
    to.size = lane.size;
    to.kind = static_cast<int32_t>(lane.kind);
    to.last = lane.last;
    to.calls = static_cast<int32_t>(std::min(lane.calls.size(), calls_reported));
    std::copy_n(lane.calls.end() - to.calls, to.calls, to.call.begin());
  }
  std::vector<std::byte> bytes(sizeof wire);
  std::memcpy(bytes.data(), &wire, sizeof wire);
  return bytes;
}

RankReport report_from_bytes(const std::vector<std::byte>& bytes) {
  WireReport wire;
  GPT_CHECK_EQ(bytes.size(), sizeof wire);
  std::memcpy(&wire, bytes.data(), sizeof wire);
  RankReport report{.rank = wire.rank,
                    .state = static_cast<RankReport::State>(wire.state),
                    .pid = wire.pid,
                    .host = wire.host.str(),
                    .where = wire.where.str(),
                    .lanes = {},
                    .wait = {},
                    .waited = wire.waited,
                    .failure = wire.failure.str()};
  if (wire.waits > 0)
    report.wait = Wait{wire.wait_group.str(), static_cast<Lane::Kind>(wire.wait_kind), wire.wait_number,
                       wire.wait_call};
  for (int32_t i = 0; i < wire.lanes; ++i) {
    const WireLane& lane = wire.lane[static_cast<size_t>(i)];
    report.lanes.push_back({lane.group.str(),
                            static_cast<Lane::Kind>(lane.kind),
                            lane.size,
                            lane.last,
                            {lane.call.begin(), lane.call.begin() + lane.calls}});
  }
  return report;
}

}  // namespace gpt
