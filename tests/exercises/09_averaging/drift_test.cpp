#include "exercises/09_averaging/drift.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(AverageWhenApart, LeavesReplicasThatAreNearAlone) {
  run_threads(3, [](Communicator& communicator) {
    const auto rank = static_cast<float>(communicator.rank());
    const Tensor average = Tensor::zeros({4}),
                 parameters = Tensor::full({4}, 0.1 * rank);  // 0.4 apart at most
    EXPECT_FALSE(average_when_apart(communicator, parameters, average, 0.5));
    EXPECT_FLOAT_EQ(parameters.data<float>()[0], 0.1f * rank);
  });
}

TEST(AverageWhenApart, AveragesAllWhenOneHasGoneFar) {
  run_threads(3, [](Communicator& communicator) {
    const Tensor average = Tensor::zeros({4});
    const Tensor parameters = Tensor::full({4}, communicator.rank() == 2 ? 3.0 : 0.0);
    EXPECT_TRUE(average_when_apart(communicator, parameters, average, 1.0))
        << "rank " << communicator.rank() << " has not averaged, but rank 2 is 6 away from where it began";
    EXPECT_FLOAT_EQ(parameters.data<float>()[3], 1.0f) << "on rank " << communicator.rank();
    EXPECT_FLOAT_EQ(average.data<float>()[3], 1.0f) << "the next distance is measured from the new average";
  });
}

TEST(AverageWhenApart, MeasuresADistance) {
  run_threads(2, [](Communicator& communicator) {
    // 1 in each of 16 elements: a distance of 4.
    const Tensor average = Tensor::zeros({16}), parameters = Tensor::full({16}, 1.0);
    EXPECT_FALSE(average_when_apart(communicator, parameters, average, 4.5))
        << "16 elements that differ by 1 are 4 apart, not 16: take the root of the sum of squares";
    EXPECT_TRUE(average_when_apart(communicator, parameters, average, 3.5));
  });
}

}  // namespace
}  // namespace gpt
