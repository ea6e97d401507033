// The communicator over MPI, as one of several processes.

#include <gtest/gtest.h>

#include "10_collectives/mpi_communicator.hpp"
#include "common/processors.hpp"
#include "tests/chapters/09_averaging/conformance.hpp"

namespace gpt {
namespace {

class MpiConformance : public testing::TestWithParam<ConformanceCheck> {};

TEST_P(MpiConformance, Holds) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  GetParam().run(communicator);
}

TEST_P(MpiConformance, HoldsWithMessagesInManySmallPieces) {
  MpiCommunicator communicator(MPI_COMM_WORLD, /*piece_bytes=*/1000);
  GetParam().run(communicator);
}

INSTANTIATE_TEST_SUITE_P(Contract, MpiConformance, testing::ValuesIn(conformance_checks()),
                         [](const auto& test) { return test.param.name; });

TEST(MpiSession, KnowsTheRanksOfTheJobAndOfThisMachine) {
  const MpiSession session;  // MPI is initialised already, and stays so
  int size = 0, rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  EXPECT_TRUE(MpiSession::launched());
  EXPECT_EQ(session.size(), size);
  EXPECT_EQ(session.rank(), rank);
  EXPECT_EQ(session.local_size(), size);  // the tests run on one machine
  EXPECT_EQ(session.local_rank(), rank);
  EXPECT_EQ(session.threads(),
            fair_share(allowed_processors(), allowed_processors(), processor_quota(), size));
  EXPECT_EQ(make_world_communicator(session)->name(), size == 1 ? "single" : "mpi");
}

TEST(MpiCheck, ThrowsWithTheWordsOfMpi) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  try {
    communicator.broadcast(Tensor::zeros({3}), communicator.size());
    ADD_FAILURE() << "broadcast from a rank that is not there";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("invalid root"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace gpt
