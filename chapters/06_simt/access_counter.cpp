#include "06_simt/access_counter.hpp"

#include <algorithm>
#include <bit>

namespace gpt::simt::detail {
namespace {

/// The number of different values among the first `n`.
uint64_t distinct(std::array<uintptr_t, 160>& values, size_t n) {
  std::sort(values.begin(), values.begin() + n);
  return static_cast<uint64_t>(std::unique(values.begin(), values.begin() + n) - values.begin());
}

}  // namespace

// [sectors]
void count_sectors(const Request& request, AccessSite& site) {
  std::array<uintptr_t, 160> sectors, addresses;  // 16 bytes lie in two sectors at most
  size_t n = 0, lanes = 0;
  for (int lane = 0; lane < 32; ++lane) {
    if (!(request.lanes >> lane & 1)) continue;
    const uintptr_t first = request.address[lane];
    addresses[lanes++] = first;
    for (uintptr_t sector = first / 32; sector <= (first + site.bytes - 1) / 32 && n < sectors.size();
         ++sector)
      sectors[n++] = sector;
  }
  site.cost += distinct(sectors, n);
  site.ideal += (distinct(addresses, lanes) * site.bytes + 31) / 32;
}
// [/sectors]

// [wavefronts]
void count_wavefronts(const Request& request, AccessSite& site) {
  const int at_once = site.bytes <= 4 ? 32 : site.bytes <= 8 ? 16 : 8;  // lanes
  for (int begin = 0; begin < 32; begin += at_once) {
    std::array<uintptr_t, 160> words;
    size_t n = 0;
    for (int lane = begin; lane < begin + at_once; ++lane) {
      if (!(request.lanes >> lane & 1)) continue;
      const uintptr_t first = request.address[lane];
      for (uintptr_t word = first / 4; word <= (first + site.bytes - 1) / 4 && n < words.size(); ++word)
        words[n++] = word;
    }
    const uint64_t different = distinct(words, n);  // lanes that want the same word share it
    std::array<uint64_t, 32> of_bank{};
    for (size_t i = 0; i < different; ++i) ++of_bank[words[i] % 32];
    site.cost += *std::max_element(of_bank.begin(), of_bank.end());
    site.ideal += n > 0;
  }
}
// [/wavefronts]

// [requests]
void AccessCounter::count(const void* instruction, unsigned thread, uintptr_t address, unsigned bytes,
                          bool write, bool shared) {
  Site& site = sites_[instruction];
  site.sum.space = shared ? AccessSite::Space::shared : AccessSite::Space::global;
  site.sum.write = write;
  site.sum.bytes = bytes;
  if (site.warps.size() <= thread / 32) site.warps.resize(thread / 32 + 1);
  WarpRequests& warp = site.warps[thread / 32];
  const unsigned number = warp.executed[thread % 32]++;
  if (number < warp.first) return;  // cannot be
  if (number - warp.first >= warp.open.size()) {
    warp.open.resize(number - warp.first + 1);
    ++warp.incomplete;
  }
  Request& request = warp.open[number - warp.first];
  request.lanes |= 1u << thread % 32;
  request.address[thread % 32] = address;
  if (request.lanes != ~0u) return;
  account(site, request);
  request.lanes = 0;
  if (--warp.incomplete == 0) {
    warp.first += static_cast<unsigned>(warp.open.size());
    warp.open.clear();
  }
}
// [/requests]

void AccessCounter::account(Site& site, const Request& request) {
  ++site.sum.requests;
  site.sum.lanes += static_cast<uint64_t>(std::popcount(request.lanes));
  if (site.sum.space == AccessSite::Space::shared) {
    count_wavefronts(request, site.sum);
  } else {
    count_sectors(request, site.sum);
  }
}

void AccessCounter::end_block() {
  for (auto& [instruction, site] : sites_) {
    for (WarpRequests& warp : site.warps) {
      for (const Request& request : warp.open)
        if (request.lanes) account(site, request);
      warp = {};
    }
  }
}

void AccessCounter::report(AccessProfile& profile) const {
  for (const auto& [instruction, site] : sites_) profile.add(instruction, site.sum);
}

}  // namespace gpt::simt::detail
