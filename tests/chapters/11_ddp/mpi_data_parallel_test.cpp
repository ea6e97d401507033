// DataParallel as one of several processes.

#include <gtest/gtest.h>

#include "10_collectives/mpi_communicator.hpp"
#include "tests/chapters/11_ddp/same_as_one_rank.hpp"

namespace gpt {
namespace {

class MpiDataParallel : public testing::Test {
 protected:
  MpiCommunicator communicator_{MPI_COMM_WORLD};
};

TEST_F(MpiDataParallel, TrainsAClassifierAsOnOneRank) {
  expect_classifier_trains_as_on_one_rank(communicator_);
}
TEST_F(MpiDataParallel, TrainsAGptAsOnOneRank) {
  expect_gpt_trains_as_on_one_rank(communicator_);
}
TEST_F(MpiDataParallel, RanksWithoutSamplesChangeNothing) {
  expect_ranks_without_samples_change_nothing(communicator_);
}
TEST_F(MpiDataParallel, BitsDoNotDependOnTheNumberOfRanks) {
  if (communicator_.size() == 3) return;  // a binary tree takes 1, 2, 4, 8, … ranks
  expect_bits_do_not_depend_on_the_ranks(communicator_);
}
TEST_F(MpiDataParallel, ADivergedReplicaIsNamed) {
  expect_divergence_is_named(communicator_);
}

}  // namespace
}  // namespace gpt
