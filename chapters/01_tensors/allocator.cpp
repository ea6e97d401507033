#include "01_tensors/allocator.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "common/check.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(block, bytes) static_cast<void>(block)
#define ASAN_UNPOISON_MEMORY_REGION(block, bytes) static_cast<void>(block)
#endif

namespace gpt {
namespace {

// [pages]
/// A processor looks up where each page of memory lies, and remembers a thousand or two. Usual pages have 4
/// KiB, so a step's tensors would be a hundred thousand; large blocks ask for pages of 2 MiB.
constexpr int64_t large_page = 2 << 20;

void* take_pages(int64_t bytes) {
  const bool large = bytes >= large_page;
  void* block = nullptr;
  if (::posix_memalign(&block, large ? large_page : 64, static_cast<size_t>(bytes)) != 0) return nullptr;
  if (large) ::madvise(block, static_cast<size_t>(bytes), MADV_HUGEPAGE);  // a wish: without it, all works
  return block;
}
// [/pages]

class HostMemory final : public Memory {
 public:
  Device device() const override { return Device::cpu; }
  void* take(int64_t bytes) override { return take_pages(bytes); }
  void give_back(void* block) override { std::free(block); }
  [[noreturn]] void out_of_memory(int64_t bytes, int64_t in_use) const override {
    throw UserError(fmt::format("out of memory: {} bytes asked for, {} in use", bytes, in_use));
  }
  void copy_in(void* to, const void* from, int64_t bytes) override { copy_within(to, from, bytes); }
  void copy_out(void* to, const void* from, int64_t bytes) override { copy_within(to, from, bytes); }
  void copy_within(void* to, const void* from, int64_t bytes) override {
    std::memcpy(to, from, static_cast<size_t>(bytes));
  }
  std::shared_ptr<Allocator> staging() const override { return host_allocator(); }
};

}  // namespace

CachingAllocator::CachingAllocator() : CachingAllocator(std::make_shared<HostMemory>()) {}

// [rounded]
int64_t CachingAllocator::rounded(int64_t bytes) {
  constexpr int64_t smallest = 512;
  if (bytes <= smallest) return smallest;
  const auto power = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(bytes)));
  const int64_t step = std::max<int64_t>(64, power / 8);  // eight sizes between two powers of two
  return (bytes + step - 1) / step * step;
}
// [/rounded]

// [allocate]
void* CachingAllocator::allocate(int64_t bytes) {
  const int64_t size = rounded(bytes);
  const std::lock_guard lock(mutex_);
  std::vector<void*>& blocks = free_[size];
  void* block = nullptr;
  if (!blocks.empty()) {
    block = blocks.back();  // the most recently used one: it is the likeliest to be in a cache
    blocks.pop_back();
    ASAN_UNPOISON_MEMORY_REGION(block, static_cast<size_t>(size));
  } else {
    block = from_system(size);
  }
  ++statistics_.allocations;
  count_in_use(size);
  if (keeping_) handed_out_[block] = size;
  return block;
}

void CachingAllocator::release(void* block, int64_t bytes) {
  const int64_t size = rounded(bytes);
  const std::lock_guard lock(mutex_);
  statistics_.in_use -= size;
  ASAN_POISON_MEMORY_REGION(block, static_cast<size_t>(size));  // AddressSanitizer sees a use after release
  free_[size].push_back(block);
}
// [/allocate]

void CachingAllocator::count_in_use(int64_t bytes) {
  statistics_.in_use += bytes;
  statistics_.peak_in_use = std::max(statistics_.peak_in_use, statistics_.in_use);
}

// [keep]
void CachingAllocator::begin_keeping() {
  const std::lock_guard lock(mutex_);
  GPT_CHECK(!keeping_, "blocks are being kept already");
  keeping_ = true;
}

std::vector<CachingAllocator::Block> CachingAllocator::end_keeping() {
  const std::lock_guard lock(mutex_);
  keeping_ = false;
  std::vector<Block> kept;
  for (const auto& [address, size] : std::exchange(handed_out_, {})) kept.push_back({address, size});
  const auto place = [this](const Block& block) {
    std::vector<void*>& blocks = free_[block.bytes];
    return std::pair(&blocks, std::find(blocks.begin(), blocks.end(), block.address));
  };
  for (const Block& block : kept) {
    const auto [blocks, found] = place(block);
    GPT_CHECK(found != blocks->end(), "{} bytes of what was recorded are still a tensor's", block.bytes);
  }
  for (const Block& block : kept) {
    const auto [blocks, found] = place(block);
    blocks->erase(found);
    ASAN_UNPOISON_MEMORY_REGION(block.address, static_cast<size_t>(block.bytes));
    count_in_use(block.bytes);
  }
  return kept;
}
// [/keep]

void CachingAllocator::give_back(const std::vector<Block>& blocks) {
  for (const auto& [address, size] : blocks) release(address, size);  // a rounded size rounds to itself
}

void* CachingAllocator::from_system(int64_t size) {
  GPT_CHECK(!keeping_, "no block of {} bytes is cached: do once what is to be recorded, right before", size);
  void* block = memory_->take(size);
  if (block == nullptr) {  // perhaps there is enough in the wrong sizes
    free_unused();
    block = memory_->take(size);
  }
  if (block == nullptr) memory_->out_of_memory(size, statistics_.in_use);
  ++statistics_.system_requests;
  statistics_.reserved += size;
  return block;
}

void CachingAllocator::free_unused() {
  for (auto& [size, blocks] : free_) {
    for (void* block : blocks) {
      ASAN_UNPOISON_MEMORY_REGION(block, static_cast<size_t>(size));
      memory_->give_back(block);
      statistics_.reserved -= size;
    }
    blocks.clear();
  }
}

void CachingAllocator::trim() {
  const std::lock_guard lock(mutex_);
  free_unused();
}

CachingAllocator::~CachingAllocator() {
  trim();
}

AllocatorStatistics CachingAllocator::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

const std::shared_ptr<CachingAllocator>& host_allocator() {
  static const auto allocator = std::make_shared<CachingAllocator>();
  return allocator;
}

}  // namespace gpt
