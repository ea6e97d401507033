#pragma once
// What a rank has asked of the others: every call of a collective, with its number.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "09_averaging/communicator.hpp"

namespace gpt {

// [call]
/// One call, as far as all ranks must agree on it: what split() is given, for one, is each rank's own.
struct Call {
  enum class Operation : uint8_t {
    barrier,
    broadcast,
    all_reduce,
    reduce_scatter,
    all_gather,
    split,
    send,
    receive,
  };
  Operation operation = Operation::barrier;
  DType dtype = DType::f32;
  ReduceOp op = ReduceOp::sum;
  int32_t peer = 0;      ///< the root of a broadcast; whom a message goes to or comes from
  int64_t elements = 0;  ///< of the tensor; of the whole where there are parts

  bool operator==(const Call&) const = default;
  /// "all_reduce of 4096 f32 (sum)", "broadcast of 8 i32 from rank 0".
  std::string text() const;
};
// [/call]

/// A call in its place.
struct NumberedCall {
  uint64_t number = 0;   ///< counted from 1, in each lane by itself
  uint64_t history = 0;  ///< a hash of this call and all before it: equal where all were equal
  Call call;
};

/// Calls that come one after the other. A group has three lanes: one for the calls that wait, one for those
/// in the background, which keep an order of their own, and one for messages between two ranks. Only in
/// the first two do all ranks of the group make the same calls.
struct Lane {
  enum class Kind : uint8_t { foreground, background, messages };
  static constexpr size_t longest_group = 23;

  std::string group;  ///< "" for all ranks, else which split() made it: "7:1" is color 1 of collective 7
  Kind kind = Kind::foreground;
  int size = 1;                     ///< ranks of the group
  uint64_t last = 0;                ///< the number of the newest call
  std::vector<NumberedCall> calls;  ///< the newest ones, oldest first
  /// "collective 17", "background collective 3 of group 7:1".
  std::string name_of(uint64_t number) const;
};

/// The call in which a rank is held up.
struct Wait {
  std::string group;
  Lane::Kind kind = Lane::Kind::foreground;
  uint64_t number = 0;
  Call call;
  bool operator==(const Wait&) const = default;
};

/// The log of one rank, kept by its WatchedCommunicators. Any thread may write and read: in each lane one
/// thread at a time waits.
class CollectiveLog {
 public:
  static constexpr size_t calls_kept = 256;        ///< in each lane
  static constexpr size_t closed_lanes_kept = 24;  ///< a group that is gone may be missed by other ranks

  /// Opens the three lanes of a group.
  void open_group(const std::string& group, int size);
  void close_group(const std::string& group);

  /// A call was made; returns its number. From here to wait_for() it runs in the background.
  uint64_t begin(const std::string& group, Lane::Kind kind, const Call& call);
  /// The rank waits for a call now, until end() or fail().
  void wait_for(const std::string& group, Lane::Kind kind, uint64_t number, const Call& call);
  void end(const std::string& group, Lane::Kind kind);
  void fail(const std::string& what);

  struct Snapshot {
    std::vector<Lane> lanes;  ///< those used last come first
    std::vector<Wait> waits;  ///< of all lanes
    std::string failure;      ///< what the first call that failed said
  };
  /// Up to `lanes` lanes with up to `calls` calls each.
  Snapshot snapshot(size_t lanes, size_t calls) const;

 private:
  struct Record {
    int size = 1;
    uint64_t last = 0, history = 0, used = 0;
    bool closed = false;
    std::deque<NumberedCall> calls;
  };
  using Key = std::pair<std::string, Lane::Kind>;

  mutable std::mutex mutex_;
  std::map<Key, Record> lanes_;
  uint64_t uses_ = 0;
  std::map<Key, Wait> waits_;
  std::string failure_;
};

}  // namespace gpt
