// ZeRO trains as plain data parallelism does, as one of several processes.

#include <gtest/gtest.h>

#include "10_collectives/mpi_communicator.hpp"
#include "zero_training.hpp"

namespace gpt {
namespace {

TEST(MpiZero, AllStagesTrainAlike) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  expect_all_stages_equal({}, communicator);
}
TEST(MpiZero, AlsoWhereARankHasNoRows) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  expect_all_stages_equal({.batch = 2, .micro_batches = 2, .steps = 3}, communicator);
}

}  // namespace
}  // namespace gpt
