#include "exercises/15_sharding/halves.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "13_compression/wire_counter.hpp"

namespace gpt {
namespace {

const Update descend = [](const Tensor& parameters, const Tensor& gradients) {
  for (int64_t i = 0; i < parameters.elements(); ++i)
    parameters.at<float>({i}) -= 0.5f * gradients.at<float>({i});
};

TEST(ShardedStep, UpdatesASliceAlone) {
  run_threads(4, [](Communicator& communicator) {
    const Tensor parameters = Tensor::zeros({8}), gradients = Tensor::full({8}, 1.0);
    int64_t elements = 0;
    sharded_step(communicator, parameters, gradients, [&](const Tensor& x, const Tensor& g) {
      elements += x.elements();
      EXPECT_EQ(x.elements(), g.elements());
    });
    EXPECT_EQ(elements, 2) << "rank " << communicator.rank()
                           << " updates 2 of 8 parameters; else it would need moments for all of them";
  });
}

TEST(ShardedStep, OfTheWorkedExample) {
  run_threads(4, [](Communicator& communicator) {
    const Tensor parameters = Tensor::arange({8}), gradients = Tensor::full({8}, communicator.rank() + 1.0);
    sharded_step(communicator, parameters, gradients, [&](const Tensor& x, const Tensor& g) {
      EXPECT_FLOAT_EQ(g.at<float>({0}), 10.0f) << "1 + 2 + 3 + 4: " << communicator.rank() + 1
                                               << " would be the gradient of its own part of the batch";
      descend(x, g);
    });
    for (int64_t i = 0; i < 8; ++i)
      EXPECT_FLOAT_EQ(parameters.at<float>({i}), static_cast<float>(i) - 5.0f)
          << "parameter " << i << " on rank " << communicator.rank() << ": " << i
          << " is what it was before. Rank " << i / 2 << " has updated it: who tells the others?";
  });
}

TEST(ShardedStep, SendsTwoHalves) {
  run_threads(4, [](Communicator& communicator) {
    const auto wire = std::make_shared<WireCounter>();
    CountingCommunicator counted(communicator, wire);
    const Tensor parameters = Tensor::zeros({64}), gradients = Tensor::full({64}, 1.0);
    sharded_step(counted, parameters, gradients, descend);
    EXPECT_LE(wire->bytes(), 2 * 3 * 16 * 4)
        << "bytes, where each half sends 3 of 4 slices of 16 numbers. Is all summed, to keep a fourth of it?";
  });
}

TEST(ShardedStep, OnAnyNumberOfRanks) {
  for (const int ranks : {1, 2, 3, 5})
    run_threads(ranks, [&](Communicator& communicator) {
      const int64_t size = 6 * ranks;
      const Tensor parameters = Tensor::arange({size}), gradients = Tensor::arange({size});
      for (float& g : gradients.span<float>()) g *= static_cast<float>(communicator.rank());
      sharded_step(communicator, parameters, gradients, descend);
      const float sum = static_cast<float>(ranks * (ranks - 1)) / 2;
      for (int64_t i = 0; i < size; ++i)
        EXPECT_FLOAT_EQ(parameters.at<float>({i}), static_cast<float>(i) * (1 - 0.5f * sum))
            << "parameter " << i << " on rank " << communicator.rank() << " of " << ranks;
    });
}

}  // namespace
}  // namespace gpt
