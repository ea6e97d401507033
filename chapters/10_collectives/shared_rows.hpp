#pragma once
// Tensors that lie in shared memory from the beginning.

#include <memory>
#include <mutex>
#include <vector>

#include "01_tensors/allocator.hpp"
#include "01_tensors/tensor.hpp"
#include "10_collectives/shared_window.hpp"

namespace gpt {

// [rows]
/// An allocator whose blocks all ranks of a host can read and write: all of them call allocate() together, in
/// the same order and with the same sizes. Each calls release() when it likes: the others' parts stay where
/// they are. Where the system gives no shared memory, the blocks are ordinary ones.
class SharedRows final : public Allocator {
 public:
  /// For the ranks of `comm`, who are on one host. It outlives the last allocate().
  explicit SharedRows(MPI_Comm comm) : comm_(comm) {}
  void* allocate(int64_t bytes) override;
  void release(void* block, int64_t bytes) override;
  Memory& memory() const override { return host_allocator()->memory(); }
  AllocatorStatistics statistics() const override;  ///< of this rank's parts

  /// Where a row lies: the same number on all ranks when all of them mean the same piece of one block.
  /// Otherwise different ones, or `nowhere` when it lies in no such block.
  static constexpr uint64_t nowhere = 0;
  uint64_t place_of(const Tensor& row) const;
  /// Every rank's row, in order of rank, when they all lie in the place of this one.
  std::vector<std::byte*> of_all_ranks(const Tensor& row) const;
  // [/rows]

 private:
  struct Block {
    uint64_t number;
    std::byte* mine;
    int64_t bytes;
    std::unique_ptr<SharedWindow> window;
  };
  /// With the mutex held; nullptr when the row lies in none.
  const Block* find(const Tensor& row) const;

  MPI_Comm comm_;
  mutable std::mutex mutex_;  // the thread in the background looks rows up
  AllocatorStatistics statistics_;
  std::vector<Block> blocks_;
};

}  // namespace gpt
