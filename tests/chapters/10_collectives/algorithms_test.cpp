// Every all-reduce of this chapter keeps the contract of Communicator, for any number of ranks.

#include <gtest/gtest.h>

#include <cstring>

#include "01_tensors/philox.hpp"
#include "09_averaging/reduce.hpp"
#include "tests/chapters/09_averaging/conformance.hpp"
#include "tests/chapters/10_collectives/by_hand.hpp"

namespace gpt {
namespace {

std::string test_name(std::string name) {
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
}

using AlgorithmCheck = std::tuple<AllReduceAlgorithm, ConformanceCheck>;

class AlgorithmConformance : public testing::TestWithParam<AlgorithmCheck> {};

TEST_P(AlgorithmConformance, Holds) {
  const auto& [algorithm, check] = GetParam();
  MpiCommunicator communicator(MPI_COMM_WORLD);
  communicator.set_plan(AllReducePlan::only(algorithm));
  check.run(communicator);
}
INSTANTIATE_TEST_SUITE_P(Contract, AlgorithmConformance,
                         testing::Combine(testing::ValuesIn(all_reduce_algorithms),
                                          testing::ValuesIn(all_reduce_checks())),
                         [](const auto& test) {
                           return test_name(std::string(name_of(std::get<0>(test.param)))) + "_" +
                                  std::get<1>(test.param).name;
                         });

class ByHandConformance : public testing::TestWithParam<ConformanceCheck> {};

TEST_P(ByHandConformance, OfBroadcastAndRingHolds) {
  ByHand communicator(MPI_COMM_WORLD, {"ring", ring_all_reduce});
  GetParam().run(communicator);
}
TEST_P(ByHandConformance, HoldsWithMessagesInManySmallPieces) {
  ByHand communicator(MPI_COMM_WORLD, {"halving", halving_doubling_all_reduce}, /*piece_bytes=*/5000);
  GetParam().run(communicator);
}
INSTANTIATE_TEST_SUITE_P(Contract, ByHandConformance, testing::ValuesIn(conformance_checks()),
                         [](const auto& test) { return test.param.name; });

class HierarchicalConformance : public testing::TestWithParam<ConformanceCheck> {};

TEST_P(HierarchicalConformance, HoldsForHostsOfUnequalSize) {
  for (const Method& method : {hierarchical_on("two, then two, …", [](int rank) { return rank / 2; }),
                               hierarchical_on("one, then all", [](int rank) { return rank > 0 ? 1 : 0; }),
                               hierarchical_on("mixed", [](int rank) { return rank * rank % 3; })}) {
    SCOPED_TRACE(method.name);
    ByHand communicator(MPI_COMM_WORLD, method);
    GetParam().run(communicator);
  }
}
INSTANTIATE_TEST_SUITE_P(Contract, HierarchicalConformance, testing::ValuesIn(all_reduce_checks()),
                         [](const auto& test) { return test.param.name; });

/// What rank `rank` brings.
Tensor numbers(int rank, int64_t length) {
  const Tensor row({length}, DType::i32);
  for (int64_t i = 0; i < length; ++i) row.at<int32_t>({i}) = static_cast<int32_t>(i + 1000 * rank);
  return row;
}

TEST(Gather, GivesTheRootAllPartsInOrder) {
  const OwnedMpiComm comm(duplicate(MPI_COMM_WORLD));
  const PointToPoint group(comm.get());
  for (int root = 0; root < group.size(); ++root)
    for (const int64_t length : {0, 1, 777}) {
      const Tensor whole = Tensor::zeros({length * group.size()}, DType::i32);
      gather(group, whole, numbers(group.rank(), length), root);
      if (group.rank() != root) continue;
      for (int rank = 0; rank < group.size(); ++rank)
        for (int64_t i = 0; i < length; ++i)
          ASSERT_EQ(whole.at<int32_t>({rank * length + i}), i + 1000 * rank);
    }
}

TEST(TreeReduce, GivesEveryRootTheSum) {
  const OwnedMpiComm comm(duplicate(MPI_COMM_WORLD));
  const PointToPoint group(comm.get());
  const int n = group.size();
  for (int root = 0; root < n; ++root) {
    const Tensor row = numbers(group.rank(), 777);
    tree_reduce(group, row, ReduceOp::sum, root);
    if (group.rank() != root) continue;
    for (int64_t i = 0; i < 777; ++i)
      ASSERT_EQ(row.at<int32_t>({i}), n * static_cast<int32_t>(i) + 1000 * n * (n - 1) / 2);
  }
}

TEST(Naive, AndSharedMemoryRoundBf16Once) {
  // 256 + 1 is 256 in bf16; 256 + 1 + 1 is 258, unless it is rounded in between.
  MpiCommunicator communicator(MPI_COMM_WORLD);
  for (const auto algorithm : {AllReduceAlgorithm::naive, AllReduceAlgorithm::shared_memory}) {
    const Tensor row = Tensor::full({3}, communicator.rank() == 0 ? 256 : 1, DType::bf16);
    communicator.all_reduce_by(algorithm, row, ReduceOp::sum);
    const bf16 expected(static_cast<float>(256 + communicator.size() - 1));
    EXPECT_EQ(row.at<bf16>({1}).bits, expected.bits);
  }
}

/// Reduces a row that lies anywhere in a tensor made by zeros(), and one in ordinary memory.
void expect_same_bits_in_place(MpiCommunicator& communicator, int64_t length, DType type, ReduceOp op) {
  SCOPED_TRACE(fmt::format("{} elements of {}, {}", length, type, name_of(op)));
  constexpr int64_t before = 3;  // so that the row is not aligned
  const RandomStream random(static_cast<uint64_t>(communicator.rank()), RandomUse::example);
  const Tensor mine({length}, DType::f32);
  for (int64_t i = 0; i < length; ++i)
    mine.at<float>({i}) = static_cast<float>(random.normal(static_cast<uint64_t>(i)) * 100.0);
  const Tensor expected = mine.to(type).clone();
  communicator.all_reduce_by(AllReduceAlgorithm::shared_memory, expected, op);

  const Tensor shared = communicator.zeros({length + 2 * before}, type);
  const Tensor row = shared.slice(0, before, before + length);
  row.copy_from(mine);
  communicator.all_reduce_by(AllReduceAlgorithm::shared_memory, row, op);
  ASSERT_EQ(std::memcmp(row.bytes_data(), expected.bytes_data(), static_cast<size_t>(row.bytes())), 0);
  for (int64_t i = 0; i < before; ++i) {
    EXPECT_EQ(shared.slice(0, i, i + 1).item(), 0.0);
    EXPECT_EQ(shared.slice(0, before + length + i, before + length + i + 1).item(), 0.0);
  }
}

TEST(SharedRows, AreReducedInPlaceToTheBitsOfAllOthers) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  for (const int64_t length : {0, 5, 2049, 4100, 40003})
    for (const DType type : {DType::f32, DType::bf16, DType::f64, DType::i32})
      for (const ReduceOp op : {ReduceOp::sum, ReduceOp::max, ReduceOp::average})
        expect_same_bits_in_place(communicator, length, type, op);
}

TEST(SharedRows, AreCopiedWhenOneRankBringsAnotherPiece) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  constexpr int64_t length = 50000;
  const int n = communicator.size();
  const Tensor first = communicator.zeros({3 * length}, DType::i32),
               second = communicator.zeros({length}, DType::i32);
  const bool last = communicator.rank() == n - 1;
  for (const Tensor& odd : {Tensor({length}, DType::i32), first.slice(0, length, 2 * length), second}) {
    const Tensor row = last ? odd : first.slice(0, 0, length);
    row.copy_from(numbers(communicator.rank(), length));
    communicator.all_reduce_by(AllReduceAlgorithm::shared_memory, row, ReduceOp::sum);
    for (int64_t i = 0; i < length; ++i)
      ASSERT_EQ(row.at<int32_t>({i}), n * static_cast<int32_t>(i) + 1000 * n * (n - 1) / 2);
  }
}

TEST(SharedRows, AreReducedInTheBackgroundWhileOthersCome) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  communicator.set_plan(AllReducePlan::only(AllReduceAlgorithm::shared_memory));
  constexpr int64_t length = 40000;
  const Tensor buckets = communicator.zeros({4 * length}, DType::i32);
  buckets.fill(1.0);
  std::vector<std::unique_ptr<Work>> works;
  std::vector<Tensor> more;
  for (int64_t bucket = 0; bucket < 4; ++bucket) {
    works.push_back(communicator.all_reduce_async(buckets.slice(0, bucket * length, (bucket + 1) * length),
                                                  ReduceOp::sum));
    more.push_back(communicator.zeros({length}, DType::i32));
    communicator.all_reduce(more.back(), ReduceOp::sum);
  }
  for (const auto& work : works) work->wait();
  for (int64_t i = 0; i < 4 * length; ++i) ASSERT_EQ(buckets.at<int32_t>({i}), communicator.size());
}

TEST(SharedRows, AreLetGoByEachRankWhenItLikes) {
  Tensor longest;
  {
    MpiCommunicator communicator(MPI_COMM_WORLD);
    constexpr int64_t length = 20000;
    std::vector<Tensor> rows;
    for (int i = 0; i < 3; ++i) rows.push_back(communicator.zeros({length}, DType::i32));
    // Another one on every rank: no rank waits here, and what the others have left stays as it is.
    longest = rows[static_cast<size_t>(communicator.rank() % 2)];
    rows.erase(rows.begin() + communicator.rank() % 2);
    rows.front() = Tensor();
    const Tensor& row = rows.back().fill(1.0);
    communicator.all_reduce_by(AllReduceAlgorithm::shared_memory, row, ReduceOp::sum);
    ASSERT_EQ(row.at<int32_t>({length - 1}), communicator.size());
    communicator.all_reduce_by(AllReduceAlgorithm::shared_memory, longest.fill(2.0), ReduceOp::sum);
    ASSERT_EQ(longest.at<int32_t>({length - 1}), 2 * communicator.size());
    const Tensor next = communicator.zeros({length}, DType::i32).fill(3.0);
    communicator.all_reduce_by(AllReduceAlgorithm::shared_memory, next, ReduceOp::sum);
    ASSERT_EQ(next.at<int32_t>({length - 1}), 3 * communicator.size());
  }
  longest.fill(4.0);  // its memory is there, also without the communicator
}

TEST(PointToPoint, RefusesRanksAndPartsThatThereAreNot) {
  const PointToPoint group(MPI_COMM_WORLD);
  const Tensor row = Tensor::zeros({5});
  for (const int rank : {-1, group.size()}) {
    EXPECT_THROW(group.send(row, rank), Error) << rank;
    EXPECT_THROW(group.receive(row, rank), Error) << rank;
    EXPECT_THROW(part_of(row, rank, group.size()), Error) << rank;
  }
}

TEST(PointToPoint, HasSeveralMessagesOnTheirWay) {
  const OwnedMpiComm comm(duplicate(MPI_COMM_WORLD));
  const PointToPoint group(comm.get(), /*piece_bytes=*/1000);
  const int right = (group.rank() + 1) % group.size(),
            left = (group.rank() + group.size() - 1) % group.size();
  std::vector<Tensor> rows;
  std::vector<Transfer> transfers;
  for (const int64_t length : {5, 0, 100000, 1, 777}) {
    rows.push_back(Tensor::zeros({length}, DType::i32));
    transfers.push_back(group.start_receive(rows.back(), left));
  }
  for (const int64_t length : {5, 0, 100000, 1, 777})
    transfers.push_back(group.start_send(rows.emplace_back(numbers(group.rank(), length)), right));
  for (Transfer& transfer : transfers) transfer.wait();
  for (size_t i = 0; i < 5; ++i)
    for (int64_t j = 0; j < rows[i].elements(); ++j) ASSERT_EQ(rows[i].at<int32_t>({j}), j + 1000 * left);
}

TEST(Subgroup, NumbersItsMembersAnew) {
  const OwnedMpiComm comm(duplicate(MPI_COMM_WORLD));
  const PointToPoint group(comm.get());
  std::vector<int> odd_backwards;
  for (int rank = group.size() - 1; rank >= 0; --rank)
    if (rank % 2 == 1) odd_backwards.push_back(rank);
  const PointToPoint odd = group.subgroup(odd_backwards);
  EXPECT_EQ(odd.size(), group.size() / 2);
  EXPECT_EQ(odd.rank(), group.rank() % 2 == 0 ? -1 : odd.size() - 1 - group.rank() / 2);
  if (odd.rank() < 0) return;
  const Tensor row = numbers(group.rank(), 10);
  tree_broadcast(odd, row, 0);
  EXPECT_EQ(row.at<int32_t>({0}), 1000 * odd_backwards[0]);
}

}  // namespace
}  // namespace gpt
