#pragma once
// Memory that all ranks of one host see.

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace gpt {

// [window]
/// A part of memory for each rank of a host, mapped by all of them. Loads and stores may go anywhere in it;
/// what one rank wrote another sees after the two have met through an atomic.
class SharedWindow {
 public:
  /// Parts of `bytes` bytes, more than 0 and the same on all ranks of `comm`, who are on one host; all zeros.
  /// When the system gives no such memory, nullptr on all ranks. Collective.
  static std::unique_ptr<SharedWindow> make(MPI_Comm comm, int64_t bytes);
  /// Lets go of this rank's mapping, and waits for nobody: the memory goes with the last mapping of it, also
  /// when the ranks are killed.
  ~SharedWindow();
  SharedWindow(const SharedWindow&) = delete;
  SharedWindow& operator=(const SharedWindow&) = delete;

  /// The first byte of each rank's part. Every part begins a page.
  const std::vector<std::byte*>& parts() const { return parts_; }
  // [/window]

 private:
  SharedWindow(std::byte* base, int64_t part_bytes, int ranks);

  std::vector<std::byte*> parts_;  // one after the other
  size_t bytes_;                   // of all of them
};

}  // namespace gpt
