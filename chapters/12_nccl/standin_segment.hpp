#pragma once
// What the ranks of the stand-in share: a piece of memory with a slot for each rank, and letter boxes.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "09_averaging/communicator.hpp"

namespace gpt::standin {

constexpr int most_ranks = 16;
constexpr size_t slot_bytes = 64 << 10, box_bytes = 16 << 10;  // multiples of every element's size

/// What a rank is about to do. All ranks must be about to do the same.
struct Call {
  enum class Kind : int32_t { none, all_reduce, broadcast, reduce_scatter, all_gather };
  Kind kind = Kind::none;
  int32_t type = 0, op = 0, root = 0;
  uint64_t count = 0;
  bool operator==(const Call&) const = default;
};

/// One letter box for each pair of ranks: a ring of bytes.
struct Box {
  std::atomic<uint64_t> written, read;  // bytes ever
  std::byte bytes[box_bytes];
};

/// Memory that the system hands out is zero, and zero is how everything here begins: so nobody has to be
/// first.
struct Shared {
  std::atomic<uint32_t> arrived;         // ranks that have joined
  std::atomic<uint32_t> aborted;         // ranks that have given up
  std::atomic<uint32_t> waiting, round;  // of the barrier
  Call calls[most_ranks];
  std::byte slots[most_ranks][slot_bytes];
  Box boxes[most_ranks][most_ranks];  // [from][to]
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);  // or it would not work between processes

/// This process's view of the shared memory `name`; whoever comes first makes it.
class Segment {
 public:
  explicit Segment(std::string name);  ///< throws Error
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  Shared* operator->() const { return shared_; }
  /// Takes the name away: those who have the memory keep it, and nothing stays behind when they end.
  void forget_name();

 private:
  std::string name_;
  Shared* shared_ = nullptr;
};

}  // namespace gpt::standin
