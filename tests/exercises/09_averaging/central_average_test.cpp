#include "exercises/09_averaging/central_average.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(CentralAverage, OfTheWorkedExample) {
  run_threads(4, [](Communicator& communicator) {
    const Tensor gradient = Tensor::full({1}, 0.1f * static_cast<float>(communicator.rank() + 1));
    central_average(communicator, gradient);
    EXPECT_FLOAT_EQ(gradient.data<float>()[0], 0.25f)
        << "rank " << communicator.rank()
        << ", of 0.1, 0.2, 0.3, 0.4. 1.0 is their sum: did you divide by the number of "
        << "ranks? " << 0.1f * static_cast<float>(communicator.rank() + 1)
        << " is what this rank began with: was the result sent back? 0.225 lacks the 0.1 of rank 0.";
  });
}

TEST(CentralAverage, OfAnyNumberOfRanks) {
  for (const int ranks : {1, 2, 3, 5, 8}) {
    run_threads(ranks, [&](Communicator& communicator) {
      const Tensor x = Tensor::arange({3, 5});
      for (float& value : x.span<float>()) value *= static_cast<float>(communicator.rank());
      central_average(communicator, x);
      for (int64_t i = 0; i < 15; ++i)
        EXPECT_FLOAT_EQ(x.data<float>()[i], static_cast<float>(i) * static_cast<float>(ranks - 1) / 2.0f)
            << "element " << i << " on rank " << communicator.rank() << " of " << ranks;
    });
  }
}

TEST(CentralAverage, AddsInOrderOfRank) {
  // (1e8 + 1) - 1e8 is 0 in f32, and (1e8 - 1e8) + 1 is 1.
  run_threads(3, [](Communicator& communicator) {
    const float values[] = {1e8f, 1.0f, -1e8f};
    const Tensor x = Tensor::full({1}, values[communicator.rank()]);
    central_average(communicator, x);
    EXPECT_EQ(x.data<float>()[0], 0.0f)
        << "1e8 + 1 - 1e8, in f32 and from the left, is 0: in which order did you add?";
  });
}

TEST(CentralAverage, OfNothing) {
  run_threads(3, [](Communicator& communicator) { central_average(communicator, Tensor({0})); });
}

}  // namespace
}  // namespace gpt
