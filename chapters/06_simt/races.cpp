#include "06_simt/races.hpp"

#include <algorithm>
#include <bit>

namespace gpt::simt::detail {

Word& Shadow::operator[](uintptr_t word) {
  const uintptr_t number = word / page_words;
  if (number != last_number_) {
    std::unique_ptr<Page>& page = pages_[number];
    if (!page) page = std::make_unique<Page>();
    last_number_ = number;
    last_ = page.get();
  }
  return (*last_)[word % page_words];
}

void Shadow::reset() {
  for (auto& [number, page] : pages_)
    for (Word& word : *page) word = {};
}

WarpClock::WarpClock() {
  std::fill_n(epoch, 32, 1u);
  std::fill_n(&known[0][0], 32 * 32, 0u);
}

// [meet]
void WarpClock::meet(unsigned mask) {
  unsigned all[32] = {};
  for (unsigned rest = mask; rest; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    for (int other = 0; other < 32; ++other) all[other] = std::max(all[other], known[lane][other]);
    all[lane] = std::max(all[lane], epoch[lane]);
  }
  for (unsigned rest = mask; rest; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    std::copy_n(all, 32, known[lane]);
    ++epoch[lane];
  }
}
// [/meet]

void RaceDetector::begin_block(unsigned number, unsigned threads) {
  block_ = number;
  block_epoch_ = 0;
  warps_.assign((threads + 31) / 32, {});
  shared_.reset();
}

// [ordered]
bool RaceDetector::ordered(const Access& before, const Access& now) const {
  if (before.block != now.block) return false;  // blocks run in any order
  if (before.thread == now.thread) return true;
  if (before.block_epoch != now.block_epoch) return true;  // a __syncthreads lies between
  if (before.thread / 32 != now.thread / 32) return false;
  const WarpClock& warp = warps_[now.thread / 32];
  return warp.known[now.thread % 32][before.thread % 32] >= before.lane_epoch;  // a __syncwarp
}
// [/ordered]

// [race]
const Access* RaceDetector::note_in(Cell& cell, const Access& access, bool& unset) const {
  const auto race = [&](const Access& before) {
    return before.instruction && (before.write || access.write) && !(before.atomic && access.atomic) &&
           !ordered(before, access);
  };
  if (race(cell.write)) return &cell.write;
  if (race(cell.atomic)) return &cell.atomic;
  for (const Access& read : cell.reads)
    if (race(read)) return &read;
  if ((!access.write || access.atomic) && !cell.written) unset = true;
  if (access.write) {
    (access.atomic ? cell.atomic : cell.write) = access;
    cell.written = true;
    return nullptr;
  }
  Access& last = cell.reads[0];
  if (last.thread / 32 != access.thread / 32) cell.reads[2] = last;
  if (last.thread != access.thread || last.block != access.block) cell.reads[1] = last;
  last = access;
  return nullptr;
}
// [/race]

const Access* RaceDetector::note(Access access, uintptr_t address, size_t bytes, bool shared, bool& unset) {
  access.block = block_;
  access.block_epoch = block_epoch_;
  access.lane_epoch = warps_[access.thread / 32].epoch[access.thread % 32];
  const uintptr_t end = address + bytes;
  for (uintptr_t number = address / 4; number * 4 < end; ++number) {
    Word& word = (shared ? shared_ : global_)[number];
    const bool all = number * 4 >= address && number * 4 + 4 <= end;
    if (all && !word.bytes) {
      if (const Access* other = note_in(word.whole, access, unset)) return other;
      continue;
    }
    if (!word.bytes) {
      word.bytes = std::make_unique<std::array<Cell, 4>>();
      word.bytes->fill(word.whole);
    }
    for (uintptr_t b = 0; b < 4; ++b) {
      if (number * 4 + b < address || number * 4 + b >= end) continue;
      if (const Access* other = note_in((*word.bytes)[b], access, unset)) return other;
    }
  }
  return nullptr;
}

}  // namespace gpt::simt::detail
