#include "15_sharding/paged_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace gpt {
namespace {

int64_t page_size() {
  return sysconf(_SC_PAGESIZE);
}

int64_t rounded_up(int64_t bytes) {
  return (bytes + page_size() - 1) / page_size() * page_size();
}

/// Each block is a mapping of its own.
class PagedAllocator final : public Allocator {
 public:
  void* allocate(int64_t bytes) override {
    // One page more, which nobody may touch: it ends the mapping, so the system counts each block apart.
    const auto whole = static_cast<size_t>(rounded_up(bytes) + page_size());
    void* const block =
        mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    GPT_CHECK(block != MAP_FAILED, "no range of {} bytes of addresses", bytes);
    mprotect(static_cast<std::byte*>(block) + rounded_up(bytes), static_cast<size_t>(page_size()), PROT_NONE);
#ifdef MADV_NOHUGEPAGE
    madvise(block, whole, MADV_NOHUGEPAGE);  // one touched byte would bring 2 MiB of memory
#endif
    in_use_ += bytes;
    return block;
  }
  void release(void* block, int64_t bytes) override {
    munmap(block, static_cast<size_t>(rounded_up(bytes) + page_size()));
    in_use_ -= bytes;
  }
  Memory& memory() const override {
    return host_allocator()->memory();
  }
  AllocatorStatistics statistics() const override {
    return {.in_use = in_use_};
  }

 private:
  std::atomic<int64_t> in_use_ = 0;
};

}  // namespace

Tensor paged_zeros(const Shape& shape, DType dtype) {
  return Tensor(shape, dtype, std::make_shared<PagedAllocator>());
}

// [give_back]
void give_back(const Tensor& part) {
  GPT_CHECK(part.is_contiguous(), "pages of a tensor of strides {}", part.strides());
  if (part.elements() == 0) return;
  std::byte* const begin = part.bytes_data();
  const auto first = reinterpret_cast<intptr_t>(begin), page = static_cast<intptr_t>(page_size());
  const intptr_t last = first + part.bytes();
  const intptr_t from = (first + page - 1) / page * page, to = last / page * page;  // whole pages
  if (from >= to) {
    std::memset(begin, 0, static_cast<size_t>(part.bytes()));
    return;
  }
  std::memset(begin, 0, static_cast<size_t>(from - first));
  std::memset(begin + (to - first), 0, static_cast<size_t>(last - to));
  GPT_CHECK(madvise(begin + (from - first), static_cast<size_t>(to - from), MADV_DONTNEED) == 0,
            "the system does not take {} bytes back", to - from);
}
// [/give_back]

int64_t resident_bytes(const Tensor& paged) {
  const auto first = reinterpret_cast<uintptr_t>(paged.storage()->data());
  const auto last = first + static_cast<uintptr_t>(rounded_up(paged.storage()->bytes()));
  std::ifstream smaps("/proc/self/smaps");
  int64_t kib = 0;
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long from = 0, to = 0;
    long rss = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2)
      inside = from < last && to > first;
    else if (inside && std::sscanf(line.c_str(), "Rss: %ld kB", &rss) == 1)
      kib += rss;
  }
  return kib * 1024;
}

}  // namespace gpt
