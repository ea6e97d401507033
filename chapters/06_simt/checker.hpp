#pragma once
// What a checked build says about the memory accesses of kernels.
//
// A checked kernel (gpt::checked, see simt.hpp) has every load and store announced. A launch of it throws
// Error, with file and line, for
//   - a data race in shared or global memory: two accesses, one of them a write, that nothing orders;
//   - a read of shared memory that its block has not written;
//   - an access outside device memory, shared memory and the thread's own: past an end, or through a host
//   pointer;
// beside what every build reports: divergent barriers, deadlocks, shuffles from lanes that are not there.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gpt::simt {

// [site]
/// The loads, or the stores, of one width on one line of a kernel, as the warps executed them. A request is
/// one instruction of one warp. The GPU moves global memory in sectors of 32 bytes; shared memory needs one
/// wavefront for each set of addresses that its 32 banks can serve at once.
struct AccessSite {
  enum class Space { global, shared };

  std::string where;  ///< "tile.cu:42"
  Space space = Space::global;
  bool write = false;
  unsigned bytes = 0;  ///< of each lane
  uint64_t requests = 0;
  uint64_t lanes = 0;  ///< of all requests together: 32 · requests if every lane took part in each
  uint64_t cost = 0;   ///< sectors, or wavefronts
  uint64_t ideal = 0;  ///< the fewest that such lanes could need
};
// [/site]

/// Counts the accesses of the checked kernels that this thread launches, as long as it lives. Of several, the
/// youngest counts.
class AccessProfile {
 public:
  AccessProfile();
  ~AccessProfile();
  AccessProfile(const AccessProfile&) = delete;
  AccessProfile& operator=(const AccessProfile&) = delete;

  /// By file and line.
  std::vector<AccessSite> sites() const;
  /// The sum over the sites of one space; `where` is empty.
  AccessSite total(AccessSite::Space space) const;

  /// For the checker: the profile that counts now, or nullptr.
  static AccessProfile* current();
  /// For the checker: adds to what the instruction at this address of the program did.
  void add(const void* instruction, const AccessSite& counts);

 private:
  AccessProfile* outer_;
  std::map<const void*, AccessSite> by_instruction_;
};

}  // namespace gpt::simt
