// Ranks that fail together: all of them end, one of them speaks.
#include "16_trainer/together.hpp"

#include <gtest/gtest.h>

#include <mutex>

#include "common/program.hpp"

namespace gpt {
namespace {

TEST(Together, TheLowestRankThatFailedSpeaksAndAllEnd) {
  std::mutex mutex;
  std::vector<std::string> messages(4, "did not throw");
  run_threads(4, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    try {
      together(communicator, [&] {
        GPT_REQUIRE(rank != 1, "the disk of rank {} is full", rank);
        GPT_CHECK(rank != 3, "a bug on rank {}", rank);
      });
    } catch (const FailedTogether& failure) {
      const std::lock_guard lock(mutex);
      messages[static_cast<size_t>(rank)] = failure.what();
      EXPECT_EQ(failure.exit_code, exit_user_error) << "rank " << rank;
    }
  });
  EXPECT_EQ(messages, (std::vector<std::string>{"", "the disk of rank 1 is full", "", ""}));
}

TEST(Together, NothingHappensWhenAllIsWell) {
  std::atomic<int> first = 0, all = 0;
  run_threads(3, [&](Communicator& communicator) {
    together(communicator, [&] { ++all; });
    on_first_rank(communicator, [&] { ++first; });
  });
  EXPECT_EQ(all, 3);
  EXPECT_EQ(first, 1);
}

}  // namespace
}  // namespace gpt
