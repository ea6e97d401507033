#pragma once
// From the accesses of single threads back to the requests of warps, and what those cost.

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "06_simt/checker.hpp"

namespace gpt::simt::detail {

/// The addresses that the lanes of a warp accessed with one instruction.
struct Request {
  unsigned lanes = 0;
  std::array<uintptr_t, 32> address;
};

/// Sectors of 32 bytes that these lanes touch, `bytes` each, and the fewest that so many bytes could lie in.
void count_sectors(const Request& request, AccessSite& site);
/// Wavefronts that shared memory needs for them: the most words of one bank. Accesses of 8 bytes are served
/// by half warps, of 16 bytes by quarter warps.
void count_wavefronts(const Request& request, AccessSite& site);

class AccessCounter {
 public:
  void count(const void* instruction, unsigned thread, uintptr_t address, unsigned bytes, bool write,
             bool shared);
  /// Requests that some lanes took no part in are complete when their block is.
  void end_block();
  /// Adds all counts to the profile.
  void report(AccessProfile& profile) const;

 private:
  /// The requests of one instruction by one warp: request number i is its i-th execution.
  struct WarpRequests {
    std::array<unsigned, 32> executed{};  // how often by each lane
    unsigned first = 0;                   // number of open[0]
    unsigned incomplete = 0;
    std::vector<Request> open;
  };
  struct Site {
    AccessSite sum;
    std::vector<WarpRequests> warps;
  };
  static void account(Site& site, const Request& request);

  std::unordered_map<const void*, Site> sites_;
};

}  // namespace gpt::simt::detail
