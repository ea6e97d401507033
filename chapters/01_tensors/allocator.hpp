#pragma once
// Memory for tensors: taken from the system once, then reused.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "01_tensors/device.hpp"

namespace gpt {

/// Gives and takes blocks of bytes on one device. Thread-safe.
class Allocator {
 public:
  virtual ~Allocator() = default;
  /// At least `bytes` bytes, aligned to 64; uninitialised. Throws Error when there is no memory.
  virtual void* allocate(int64_t bytes) = 0;
  /// Gives back what allocate(bytes) returned, with the same `bytes`.
  virtual void release(void* block, int64_t bytes) = 0;
  virtual Device device() const = 0;
};

/// What a caching allocator did so far, in bytes and counts.
struct AllocatorStatistics {
  int64_t in_use = 0;           ///< bytes that tensors hold now
  int64_t peak_in_use = 0;      ///< the most they ever held
  int64_t reserved = 0;         ///< bytes taken from the system and not given back
  int64_t allocations = 0;      ///< calls of allocate()
  int64_t system_requests = 0;  ///< those of them that had to ask the system
};

/// Host memory, with a cache. A training step asks for the same sizes again and again, so a released block
/// goes on a list of its size, and the next request of that size takes it from there: after the first step
/// the system is asked for nothing. Sizes are rounded up, by at most an eighth, so that near sizes
/// share a list.
class CachingAllocator final : public Allocator {
 public:
  CachingAllocator() = default;
  ~CachingAllocator() override;  ///< gives the cached blocks back to the system
  void* allocate(int64_t bytes) override;
  void release(void* block, int64_t bytes) override;
  Device device() const override { return Device::cpu; }

  AllocatorStatistics statistics() const;
  /// Gives the cached, unused blocks back to the system.
  void trim();
  /// The size that a request is rounded up to.
  static int64_t rounded(int64_t bytes);

 private:
  // Both with the mutex held.
  void* from_system(int64_t size);
  void free_unused();

  mutable std::mutex mutex_;
  std::map<int64_t, std::vector<void*>> free_;  // rounded size → blocks
  AllocatorStatistics statistics_;
};

/// The allocator of all host tensors. As with malloc there is one for the whole process; the storages that
/// came from it keep it alive.
const std::shared_ptr<CachingAllocator>& host_allocator();

}  // namespace gpt
