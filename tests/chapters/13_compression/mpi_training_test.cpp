// Training with compressed gradients as one of several processes.

#include <gtest/gtest.h>

#include "10_collectives/mpi_communicator.hpp"
#include "compressed_training.hpp"

namespace gpt {
namespace {

TEST(MpiCompressedTraining, ReplicasStayEqual) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  expect_replicas_stay_equal(communicator);
}
TEST(MpiCompressedTraining, LearnsAsWithWholeGradients) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  expect_training_works(communicator);
}

}  // namespace
}  // namespace gpt
