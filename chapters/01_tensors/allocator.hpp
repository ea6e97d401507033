#pragma once
// Memory for tensors: taken from the system once, then reused.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "01_tensors/device.hpp"

namespace gpt {

class Allocator;

/// The memory of one device: where blocks come from, and how bytes get in and out. Of the host's own here;
/// chapter 08 adds that of a GPU. Thread-safe.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual Device device() const = 0;
  /// A block of `bytes` bytes, aligned to 64; nullptr when there is none.
  virtual void* take(int64_t bytes) = 0;
  virtual void give_back(void* block) = 0;
  /// Throws what is to be said when take(bytes) found nothing, with `in_use` bytes held by tensors.
  [[noreturn]] virtual void out_of_memory(int64_t bytes, int64_t in_use) const = 0;

  /// Copies from the host into this memory, from it to the host, and within it (without overlap). What was
  /// asked of the device before is done first. On return the host's side may be read and written.
  virtual void copy_in(void* to, const void* from_host, int64_t bytes) = 0;
  virtual void copy_out(void* to_host, const void* from, int64_t bytes) = 0;
  virtual void copy_within(void* to, const void* from, int64_t bytes) = 0;
  /// Memory of the host that this device reads and writes fastest.
  virtual std::shared_ptr<Allocator> staging() const = 0;
};

/// What an allocator did so far, in bytes and counts.
struct AllocatorStatistics {
  int64_t in_use = 0;           ///< bytes that tensors hold now
  int64_t peak_in_use = 0;      ///< the most they ever held
  int64_t reserved = 0;         ///< bytes taken from the system and not given back
  int64_t allocations = 0;      ///< calls of allocate()
  int64_t system_requests = 0;  ///< those of them that had to ask the system
};

/// Gives and takes blocks of bytes on one device. Thread-safe.
class Allocator {
 public:
  virtual ~Allocator() = default;
  /// At least `bytes` bytes, aligned to 64; uninitialised. Throws when there is no memory: Error on the host,
  /// UserError on a device, which has little enough for a user to run out of it.
  virtual void* allocate(int64_t bytes) = 0;
  /// Gives back what allocate(bytes) returned, with the same `bytes`.
  virtual void release(void* block, int64_t bytes) = 0;
  virtual Memory& memory() const = 0;
  virtual AllocatorStatistics statistics() const = 0;
  Device device() const { return memory().device(); }
};

/// A memory with a cache in front of it. A training step asks for the same sizes again and again, so a
/// released block goes on a list of its size, and the next request of that size takes it from there: after
/// the first step the system is asked for nothing. Sizes are rounded up, by at most an eighth, so that near
/// sizes share a list.
class CachingAllocator final : public Allocator {
 public:
  CachingAllocator();  ///< of host memory
  explicit CachingAllocator(std::shared_ptr<Memory> memory) : memory_(std::move(memory)) {}
  ~CachingAllocator() override;  ///< gives the cached blocks back to the system
  void* allocate(int64_t bytes) override;
  void release(void* block, int64_t bytes) override;
  Memory& memory() const override { return *memory_; }

  /// A block that was handed out, and its rounded size.
  struct Block {
    void* address;
    int64_t bytes;
  };
  /// For orders that a device keeps and is given again (chapter 08): they will use the same blocks each time,
  /// though the tensors that once lay there are long gone. Between these two calls the blocks handed out are
  /// noted. The second one takes them off the lists, where all of them must be again, and nobody gets them
  /// until give_back(). Meanwhile the system is not asked: a request that finds no cached block throws Error.
  void begin_keeping();
  std::vector<Block> end_keeping();
  void give_back(const std::vector<Block>& blocks);

  AllocatorStatistics statistics() const override;
  /// Gives the cached, unused blocks back to the system.
  void trim();
  /// The size that a request is rounded up to.
  static int64_t rounded(int64_t bytes);

 private:
  // Both with the mutex held.
  void* from_system(int64_t size);
  void free_unused();
  void count_in_use(int64_t bytes);

  std::shared_ptr<Memory> memory_;
  mutable std::mutex mutex_;
  std::map<int64_t, std::vector<void*>> free_;  // rounded size → blocks
  bool keeping_ = false;
  std::map<void*, int64_t> handed_out_;  // since begin_keeping()
  AllocatorStatistics statistics_;
};

/// The allocator of all host tensors. As with malloc there is one for the whole process; the storages that
/// came from it keep it alive.
const std::shared_ptr<CachingAllocator>& host_allocator();

}  // namespace gpt
