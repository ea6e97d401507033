#include "10_collectives/collective_log.hpp"

#include <algorithm>
#include <iterator>

#include "common/file.hpp"

namespace gpt {
namespace {

std::string_view name_of(Call::Operation operation) {
  constexpr std::string_view names[] = {"barrier",    "broadcast", "all_reduce", "reduce_scatter",
                                        "all_gather", "split",     "send",       "receive"};
  return names[static_cast<size_t>(operation)];
}

std::string_view name_of(ReduceOp op) {
  return op == ReduceOp::sum ? "sum" : op == ReduceOp::max ? "max" : "average";
}

uint64_t hash_of(const Call& call, uint64_t history) {
  const std::array<int64_t, 5> fields{static_cast<int64_t>(call.operation), static_cast<int64_t>(call.dtype),
                                      static_cast<int64_t>(call.op), call.peer, call.elements};
  return checksum(std::as_bytes(std::span(fields)), history);
}

}  // namespace

std::string Call::text() const {
  std::string result{name_of(operation)};
  if (operation == Operation::barrier || operation == Operation::split) return result;
  result += fmt::format(" of {} {}", elements, dtype);
  if (operation == Operation::all_reduce || operation == Operation::reduce_scatter)
    result += fmt::format(" ({})", name_of(op));
  if (operation == Operation::send) result += fmt::format(" to rank {}", peer);
  if (operation == Operation::broadcast || operation == Operation::receive)
    result += fmt::format(" from rank {}", peer);
  return result;
}

std::string Lane::name_of(uint64_t number) const {
  constexpr std::string_view kinds[] = {"collective", "background collective", "message"};
  return fmt::format("{} {}{}", kinds[static_cast<size_t>(kind)], number,
                     group.empty() ? "" : " of group " + group);
}

void CollectiveLog::open_group(const std::string& group, int size) {
  const std::lock_guard lock(mutex_);
  for (const auto kind : {Lane::Kind::foreground, Lane::Kind::background, Lane::Kind::messages})
    lanes_[{group, kind}] = {.size = size, .calls = {}};
}

void CollectiveLog::close_group(const std::string& group) {
  const std::lock_guard lock(mutex_);
  for (const auto kind : {Lane::Kind::foreground, Lane::Kind::background, Lane::Kind::messages})
    lanes_[{group, kind}].closed = true;
  // Those that were used long ago are forgotten.
  const auto older = [](const auto& a, const auto& b) {
    return std::pair(!a.second.closed, a.second.used) < std::pair(!b.second.closed, b.second.used);
  };
  const auto closed = [](const auto& lane) { return lane.second.closed; };
  while (static_cast<size_t>(std::count_if(lanes_.begin(), lanes_.end(), closed)) > closed_lanes_kept)
    lanes_.erase(std::min_element(lanes_.begin(), lanes_.end(), older));
}

// [log]
uint64_t CollectiveLog::begin(const std::string& group, Lane::Kind kind, const Call& call) {
  const std::lock_guard lock(mutex_);
  Record& lane = lanes_.at({group, kind});
  lane.used = ++uses_;
  lane.history = hash_of(call, lane.history);
  if (lane.calls.size() == calls_kept) lane.calls.pop_front();
  lane.calls.push_back({++lane.last, lane.history, call});
  return lane.last;
}

void CollectiveLog::wait_for(const std::string& group, Lane::Kind kind, uint64_t number, const Call& call) {
  const std::lock_guard lock(mutex_);
  if (const auto lane = lanes_.find({group, kind}); lane != lanes_.end()) lane->second.used = ++uses_;
  waits_[{group, kind}] = {group, kind, number, call};
}
// [/log]

void CollectiveLog::end(const std::string& group, Lane::Kind kind) {
  const std::lock_guard lock(mutex_);
  waits_.erase({group, kind});
}

void CollectiveLog::fail(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (failure_.empty()) failure_ = what;
}

CollectiveLog::Snapshot CollectiveLog::snapshot(size_t lanes, size_t calls) const {
  const std::lock_guard lock(mutex_);
  std::vector<const std::pair<const Key, Record>*> used;
  for (const auto& lane : lanes_)
    if (lane.second.used > 0) used.push_back(&lane);
  std::sort(used.begin(), used.end(), [](auto a, auto b) { return a->second.used > b->second.used; });
  used.resize(std::min(used.size(), lanes));

  Snapshot result{{}, {}, failure_};
  for (const auto& [lane, wait] : waits_) result.waits.push_back(wait);
  for (const auto* lane : used) {
    const auto& [key, record] = *lane;
    const size_t kept = std::min(record.calls.size(), calls);
    result.lanes.push_back(
        {key.first,
         key.second,
         record.size,
         record.last,
         {std::prev(record.calls.end(), static_cast<std::ptrdiff_t>(kept)), record.calls.end()}});
  }
  return result;
}

}  // namespace gpt
