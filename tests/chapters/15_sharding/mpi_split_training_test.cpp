// The same as one of several processes.

#include <gtest/gtest.h>

#include "10_collectives/mpi_communicator.hpp"
#include "tests/chapters/15_sharding/split_training.hpp"

namespace gpt {
namespace {

TEST(MpiSplitTraining, TrainsAsAWholeModel) {
  MpiCommunicator communicator{MPI_COMM_WORLD};
  const std::vector<Layout> layouts = layouts_for(communicator.size());
  // Many small messages among more ranks than cores take long: the threads' test has the others.
  for (size_t i = 0; i < 2; ++i)
    expect_trains_as_a_whole_model(communicator, layouts[i], i == 0 ? DType::f64 : DType::f32);
}

}  // namespace
}  // namespace gpt
