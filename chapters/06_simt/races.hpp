#pragma once
// Data races: who touched each word of memory last, and whether something orders that and this.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "06_simt/machine.hpp"

namespace gpt::simt::detail {

// [access]
/// One access by one thread.
struct Access {
  const void* instruction = nullptr;  // its return address; for an atomic operation, a Where; nullptr: none
  unsigned block = 0;
  unsigned block_epoch = 0;  // how many __syncthreads this block had passed
  unsigned lane_epoch = 0;   // how many __syncwarp this lane had passed
  uint16_t thread = 0;
  bool write = false, atomic = false;
};
// [/access]

/// What is remembered of a piece of memory.
struct Cell {
  Access write;          // the last one
  Access atomic;         // the last one
  Access reads[3];       // the last two, of different threads, and the last one of another warp
  bool written = false;  // at all
};

/// Four bytes: together, until somebody accesses a part of them; then each for itself.
struct Word {
  Cell whole;
  std::unique_ptr<std::array<Cell, 4>> bytes;
};

/// Words by address; those never asked for cost nothing.
class Shadow {
 public:
  Word& operator[](uintptr_t word);
  /// All words as new.
  void reset();

 private:
  static constexpr size_t page_words = 512;
  using Page = std::array<Word, page_words>;
  std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages_;
  uintptr_t last_number_ = ~uintptr_t{0};
  Page* last_ = nullptr;
};

/// What the lanes of a warp know of each other: known[i][j] is the last epoch of lane j whose accesses come
/// before whatever lane i does now (a vector clock: Mattern, 1989).
struct WarpClock {
  unsigned epoch[32];
  unsigned known[32][32];

  WarpClock();
  void meet(unsigned mask);
};

class RaceDetector {
 public:
  void begin_block(unsigned number, unsigned threads);
  void block_barrier() { ++block_epoch_; }
  void warp_barrier(int warp, unsigned mask) { warps_[static_cast<size_t>(warp)].meet(mask); }

  /// Notes an access by `thread` to `bytes` bytes at `address`. Returns an earlier access that nothing orders
  /// with it, or nullptr. `unset` becomes true if memory is read that was not written before, by this launch
  /// or, if it is shared memory, by this block.
  const Access* note(Access access, uintptr_t address, size_t bytes, bool shared, bool& unset);

 private:
  const Access* note_in(Cell& cell, const Access& access, bool& unset) const;
  bool ordered(const Access& before, const Access& now) const;

  unsigned block_ = 0, block_epoch_ = 0;
  std::vector<WarpClock> warps_;
  Shadow shared_, global_;
};

}  // namespace gpt::simt::detail
