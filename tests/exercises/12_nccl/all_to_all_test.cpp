#include "exercises/12_nccl/all_to_all.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "08_gpu_training/device_memory.hpp"
#include "12_nccl/nccl_group.hpp"

namespace gpt::emulated {
namespace {

constexpr double soon = 3;  // seconds; then a rank that waits for ever has waited for ever

/// Runs `body(group, stream of the device, memory)` as so many ranks. Returns what each ended with.
template <class F>
std::vector<std::string> run(int ranks, F&& body) {
  const std::string id = NcclGroup::new_id(nccl_library());
  std::vector<std::string> ends(static_cast<size_t>(ranks));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] {
      try {
        const auto memory = std::make_shared<CachingAllocator>(std::make_shared<DeviceMemory>(0));
        NcclGroup group(nccl_library(), id, rank, ranks, 100);
        group.set_deadline(soon);
        body(group, memory);
      } catch (const std::exception& error) {
        ends[static_cast<size_t>(rank)] = error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
  return ends;
}

TEST(AllToAll, PartRGoesToRankR) {
  for (const int ranks : {1, 2, 3, 4})
    for (const int64_t count : {1, 5, 10000}) {
      const auto ends = run(ranks, [&](NcclGroup& group, const std::shared_ptr<Allocator>& memory) {
        Tensor sent({ranks, count});
        for (int to = 0; to < ranks; ++to) sent.select(0, to).fill(10 * group.rank() + to);
        const Tensor there = sent.on(memory), received = Tensor::full({ranks, count}, -1).on(memory);
        const auto operation = std::make_shared<NcclOperation>();
        operation->memory = {there, received};
        group.start(operation, [&](ncclComm_t comm, cudaStream_t stream) {
          return all_to_all(group.library(), reinterpret_cast<const float*>(there.address()),
                            reinterpret_cast<float*>(received.address()), static_cast<size_t>(count), ranks,
                            comm, stream);
        });
        group.wait(*operation);
        const Tensor got = received.host();
        for (int from = 0; from < ranks; ++from)
          for (const int64_t i : {int64_t{0}, count - 1})
            ASSERT_EQ(got.at<float>({from, i}), 10 * from + group.rank())
                << "rank " << group.rank() << " has this from rank " << from << ", where "
                << 10 * from + group.rank() << " stands for the part of rank " << group.rank()
                << (got.at<float>({from, i}) == 10 * from ? ": everybody got the first part" : "");
      });
      for (const std::string& end : ends)
        ASSERT_EQ(end, "") << "all ranks sent, and nobody received: a stream does one thing after the other. "
                              "Is there a group around all of them?";
    }
}

TEST(AllToAll, AnAnswerThatSomethingIsWrongIsHandedOn) {
  static int sends, depth;
  NcclLibrary library = nccl_library();
  library.ncclGroupStart = [] { return ++depth, ncclSuccess; };
  library.ncclGroupEnd = [] { return --depth, ncclSuccess; };
  library.ncclSend = [](const void*, size_t, ncclDataType_t, int, ncclComm_t, cudaStream_t) {
    return ++sends == 2 ? ncclInvalidArgument : ncclSuccess;
  };
  library.ncclRecv = [](void*, size_t, ncclDataType_t, int, ncclComm_t, cudaStream_t) { return ncclSuccess; };
  sends = depth = 0;
  std::array<float, 3> a{}, b{};
  EXPECT_EQ(all_to_all(library, a.data(), b.data(), 1, 3, nullptr, nullptr), ncclInvalidArgument)
      << "ncclSend said that its second call was wrong: an answer was not handed on";
  EXPECT_EQ(depth, 0) << "the group was never ended: what this thread asks NCCL for next would wait in it";
}

}  // namespace
}  // namespace gpt::emulated
