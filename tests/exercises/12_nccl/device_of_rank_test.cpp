#include "exercises/12_nccl/device_of_rank.hpp"

#include <gtest/gtest.h>

namespace gpt {

void PrintTo(const ChosenDevice& chosen, std::ostream* out) {
  *out << "GPU " << chosen.device << (chosen.shared ? ", shared" : ", not shared");
}

namespace {

using Chosen = ChosenDevice;

TEST(DeviceOfRank, OnOneHostItIsTheRank) {
  for (int rank = 0; rank < 4; ++rank)
    EXPECT_EQ(device_of_rank(rank, {"a", "a", "a", "a"}, 8), (Chosen{rank, false}));
}

TEST(DeviceOfRank, EveryHostBeginsWithItsFirstGpu) {
  const std::vector<std::string> hosts{"a", "a", "a", "b", "b", "b"};
  for (int rank = 0; rank < 6; ++rank)
    EXPECT_EQ(device_of_rank(rank, hosts, 4), (Chosen{rank % 3, false}))
        << "rank " << rank << ", the third rank or less of its host: did you take the rank of the whole job?";
}

TEST(DeviceOfRank, RanksMayBeDealtOutLikeCards) {
  const std::vector<std::string> hosts{"a", "b", "a", "b"};
  for (int rank = 0; rank < 4; ++rank)
    EXPECT_EQ(device_of_rank(rank, hosts, 2), (Chosen{rank / 2, false}))
        << "rank " << rank << ": ranks of one host need not be neighbours";
}

TEST(DeviceOfRank, MoreRanksThanGpusShare) {
  const std::vector<std::string> hosts{"a", "a", "a"};
  EXPECT_EQ(device_of_rank(0, hosts, 2), (Chosen{0, true})) << "rank 2 has come to GPU 0, too";
  EXPECT_EQ(device_of_rank(2, hosts, 2), (Chosen{0, true})) << "the third rank begins again with GPU 0";
  EXPECT_EQ(device_of_rank(1, hosts, 2), (Chosen{1, false})) << "rank 1 has its GPU for itself";
}

}  // namespace
}  // namespace gpt
