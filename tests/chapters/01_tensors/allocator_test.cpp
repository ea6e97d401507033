#include "01_tensors/allocator.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <thread>

#include "01_tensors/elementwise.hpp"

namespace gpt {
namespace {

TEST(Allocator, RoundsUpByAtMostAnEighthToMultiplesOf64) {
  int64_t last = 0;
  for (int64_t bytes = 0; bytes < 300'000; bytes += bytes / 1000 + 1) {
    const int64_t size = CachingAllocator::rounded(bytes);
    ASSERT_GE(size, std::max<int64_t>(bytes, last)) << "a larger request never gets less";
    ASSERT_EQ(size % 64, 0);
    ASSERT_EQ(CachingAllocator::rounded(size), size) << "a size is a size of its own";
    ASSERT_LE(size - bytes, std::max<int64_t>(512, bytes / 8));
    last = size;
  }
}

TEST(Allocator, GivesAlignedBlocksThatDoNotOverlap) {
  CachingAllocator allocator;
  std::vector<std::pair<unsigned char*, int64_t>> blocks;
  for (const int64_t bytes : {0, 1, 63, 64, 65, 511, 512, 513, 1000, 4096, 100'000, 2 << 20, 3 << 20}) {
    auto* block = static_cast<unsigned char*>(allocator.allocate(bytes));
    const uintptr_t alignment = bytes < 2 << 20 ? 64 : 2 << 20;  // large ones begin at a large page
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u) << bytes;
    std::memset(block, static_cast<int>(blocks.size()), static_cast<size_t>(bytes));
    blocks.emplace_back(block, bytes);
  }
  for (size_t b = 0; b < blocks.size(); ++b) {
    for (int64_t i = 0; i < blocks[b].second; ++i) ASSERT_EQ(blocks[b].first[i], b);
    allocator.release(blocks[b].first, blocks[b].second);
  }
}

TEST(Allocator, ReusesAReleasedBlockForTheNextRequestOfItsSize) {
  CachingAllocator allocator;
  void* first = allocator.allocate(1000);
  allocator.release(first, 1000);
  void* same = allocator.allocate(1010);  // rounded to the same 1,024
  EXPECT_EQ(same, first);
  void* second = allocator.allocate(1000);
  EXPECT_NE(second, first);
  allocator.release(same, 1010);
  allocator.release(second, 1000);
  EXPECT_EQ(allocator.statistics().system_requests, 2);
}

TEST(Allocator, CountsWhatItDoes) {
  CachingAllocator allocator;
  void* a = allocator.allocate(600);  // 640
  void* b = allocator.allocate(100);  // 512
  allocator.release(a, 600);
  AllocatorStatistics statistics = allocator.statistics();
  EXPECT_EQ(statistics.in_use, 512);
  EXPECT_EQ(statistics.peak_in_use, 640 + 512);
  EXPECT_EQ(statistics.reserved, 640 + 512);
  EXPECT_EQ(statistics.allocations, 2);
  EXPECT_EQ(statistics.system_requests, 2);
  allocator.trim();
  EXPECT_EQ(allocator.statistics().reserved, 512) << "trim() gives back the unused block, and only that";
  allocator.release(b, 100);
  allocator.trim();
  statistics = allocator.statistics();
  EXPECT_EQ(statistics.in_use, 0);
  EXPECT_EQ(statistics.reserved, 0);
  EXPECT_EQ(statistics.peak_in_use, 640 + 512);
}

TEST(Allocator, AsksTheSystemForNothingAfterTheFirstStep) {
  const auto step = [] {  // something like a training step: temporaries of many sizes, some alive together
    Tensor x = Tensor::full({64, 48}, 0.5);
    for (int64_t layer = 1; layer < 6; ++layer) {
      const Tensor y = x * 2.0 + Tensor::full({48}, 1.0);
      x = y + sum(y, 1).reshape({64, 1});
    }
    return sum(x).item();
  };
  const double result = step();
  const AllocatorStatistics after_one = host_allocator()->statistics();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(step(), result);
  const AllocatorStatistics after_all = host_allocator()->statistics();
  EXPECT_GT(after_all.allocations, after_one.allocations + 100);
  EXPECT_EQ(after_all.system_requests, after_one.system_requests);
  EXPECT_EQ(after_all.reserved, after_one.reserved);
  EXPECT_EQ(after_all.peak_in_use, after_one.peak_in_use);
  EXPECT_EQ(after_all.in_use, after_one.in_use);
}

TEST(Allocator, LivesAsLongAsATensorNeedsIt) {
  auto allocator = std::make_shared<CachingAllocator>();
  Tensor x({10}, DType::f32, allocator);
  const std::weak_ptr<CachingAllocator> watch = allocator;
  allocator.reset();
  x.fill(1);
  EXPECT_FALSE(watch.expired());
  x = Tensor();
  EXPECT_TRUE(watch.expired());
}

TEST(Allocator, AnImpossibleRequestFailsAndLeavesTheCountsAlone) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers end the program at such a request";
#endif
  CachingAllocator allocator;
  allocator.release(allocator.allocate(1000), 1000);
  EXPECT_THROW(allocator.allocate(int64_t{1} << 60), Error);
  const AllocatorStatistics statistics = allocator.statistics();
  EXPECT_EQ(statistics.in_use, 0);
  EXPECT_EQ(statistics.peak_in_use, 1024);
  EXPECT_EQ(statistics.reserved, 0) << "before it gave up it gave back what nobody used";
}

TEST(Allocator, ServesSeveralThreadsAtOnce) {
  CachingAllocator allocator;
  constexpr int threads = 4, rounds = 2000;
  std::vector<std::thread> team;
  std::vector<int> damaged(threads);
  for (int t = 0; t < threads; ++t)
    team.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      std::vector<std::pair<unsigned char*, int64_t>> held;
      const auto put_back = [&](size_t which) {
        const auto [block, bytes] = held[which];
        for (int64_t i = 0; i < bytes; ++i) damaged[static_cast<size_t>(t)] += block[i] != t + 1;
        allocator.release(block, bytes);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
      };
      for (int round = 0; round < rounds; ++round) {
        if (held.size() > 8) put_back(random() % held.size());
        const int64_t bytes = random() % 3000;
        auto* block = static_cast<unsigned char*>(allocator.allocate(bytes));
        std::memset(block, t + 1, static_cast<size_t>(bytes));
        held.emplace_back(block, bytes);
      }
      while (!held.empty()) put_back(held.size() - 1);
    });
  for (std::thread& thread : team) thread.join();
  EXPECT_EQ(damaged, std::vector<int>(threads)) << "a block was given to two threads at once";
  const AllocatorStatistics statistics = allocator.statistics();
  EXPECT_EQ(statistics.in_use, 0);
  EXPECT_EQ(statistics.allocations, threads * rounds);
  EXPECT_LE(statistics.peak_in_use, statistics.reserved);
}

}  // namespace
}  // namespace gpt
