#include "10_collectives/shared_rows.hpp"

#include <algorithm>

#include "10_collectives/mpi_session.hpp"

namespace gpt {

void* SharedRows::allocate(int64_t bytes) {
  std::unique_ptr<SharedWindow> window = SharedWindow::make(comm_, std::max<int64_t>(bytes, 1));
  if (!window) return host_allocator()->allocate(bytes);
  int rank = 0;
  MPI_CHECK(MPI_Comm_rank(comm_, &rank));
  std::byte* const mine = window->parts()[static_cast<size_t>(rank)];
  const std::lock_guard lock(mutex_);
  ++statistics_.allocations;
  ++statistics_.system_requests;
  statistics_.reserved = statistics_.in_use += bytes;
  statistics_.peak_in_use = std::max(statistics_.peak_in_use, statistics_.in_use);
  blocks_.push_back({static_cast<uint64_t>(statistics_.allocations), mine, bytes, std::move(window)});
  return mine;
}

void SharedRows::release(void* block, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(blocks_.begin(), blocks_.end(), [&](const Block& known) { return known.mine == block; });
  if (found == blocks_.end()) return host_allocator()->release(block, bytes);
  statistics_.reserved = statistics_.in_use -= found->bytes;
  blocks_.erase(found);
}

AllocatorStatistics SharedRows::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

const SharedRows::Block* SharedRows::find(const Tensor& row) const {
  for (const Block& block : blocks_)
    if (row.storage()->data() == block.mine) return &block;
  return nullptr;
}

uint64_t SharedRows::place_of(const Tensor& row) const {
  constexpr int offset_bits = 48;
  const std::lock_guard lock(mutex_);
  const Block* const block = find(row);
  if (block == nullptr) return nowhere;
  return block->number << offset_bits | static_cast<uint64_t>(row.bytes_data() - block->mine);
}

std::vector<std::byte*> SharedRows::of_all_ranks(const Tensor& row) const {
  const std::lock_guard lock(mutex_);
  const Block* const block = find(row);
  GPT_CHECK(block != nullptr, "a row of {} elements lies in no shared block", row.elements());
  std::vector<std::byte*> rows;
  for (std::byte* part : block->window->parts()) rows.push_back(part + (row.bytes_data() - block->mine));
  return rows;
}

}  // namespace gpt
