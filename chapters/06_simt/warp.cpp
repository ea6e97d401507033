// The part of Block that lets the lanes of a warp work together.

#include <bit>

#include "06_simt/block.hpp"
#include "common/check.hpp"

namespace gpt::simt::detail {

// [collective]
uint64_t Block::warp_collective(unsigned mask, uint64_t value, uint64_t argument, const char* name,
                                Finish finish, Where where) {
  Thread& me = threads_[current_];
  const int lane = current_ % 32, first_thread = current_ - lane;
  Warp& warp = warps_[current_ / 32];
  me.waits_in = name;
  me.where = where;
  if (!(mask >> lane & 1)) {
    blame(fmt::format("{}:\n  lane {} calls it, but is not in its mask {:#x}", place(me), lane, mask));
    abandon();
  }
  warp.exchange.value[lane] = value;
  warp.exchange.argument[lane] = argument;
  warp.mask[lane] = mask;
  warp.finish[lane] = finish;
  warp.waiting |= 1u << lane;
  if (!try_to_complete(warp, first_thread, mask)) suspend();
  return warp.exchange.result[lane];
}

// If all lanes of the mask that have not returned are here: does the work, for all, and lets them go on.
bool Block::try_to_complete(Warp& warp, int first_thread, unsigned mask) {
  const unsigned lanes = mask & warp.live;
  if ((warp.waiting & lanes) != lanes) return false;
  const int leader = std::countr_zero(lanes);
  for (unsigned rest = lanes; rest; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    if (warp.finish[lane] == warp.finish[leader] && warp.mask[lane] == mask) continue;
    const Thread &one = threads_[first_thread + leader], &other = threads_[first_thread + lane];
    blame(fmt::format(
        "divergent warp:\n  lane {} is in {} with mask {:#x}\n  and lane {} in {} with mask {:#x}", leader,
        place(one), warp.mask[leader], lane, place(other), warp.mask[lane]));
    abandon();
  }
  now.in_kernel = false;
  warp.exchange.mask = lanes;
  warp.finish[leader](warp.exchange);
  now.in_kernel = true;
  warp.waiting &= ~lanes;
  for (unsigned rest = lanes; rest;) {
    const bool last_first = launch_->options.order == Order::reverse;
    const int lane = last_first ? 31 - std::countl_zero(rest) : std::countr_zero(rest);
    rest &= ~(1u << lane);
    const int thread = first_thread + lane;
    if (thread != current_ || threads_[thread].state == Thread::State::exited) release(thread);
  }
  return true;
}
// [/collective]

// A thread has returned. Lanes of its warp may have waited for it alone.
void Block::retire(int thread) {
  threads_[thread].state = Thread::State::exited;
  ++exited_;
  Warp& warp = warps_[thread / 32];
  warp.live &= ~(1u << thread % 32);
  for (unsigned rest = warp.waiting; rest; rest &= (rest - 1) & warp.waiting)
    try_to_complete(warp, thread / 32 * 32, warp.mask[std::countr_zero(rest)]);
}

void Block::blame_inactive_source(int lane, int source) {
  const Thread& reader = threads_[current_ / 32 * 32 + lane];
  blame(fmt::format("{}:\n  lane {} reads from lane {}, which does not take part", place(reader), lane,
                    source));
}

}  // namespace gpt::simt::detail
