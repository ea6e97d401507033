// In f32, with the backend for processors.

#include <gtest/gtest.h>

#include "tests/chapters/15_sharding/split_training.hpp"

namespace gpt {
namespace {

class SplitTraining : public testing::TestWithParam<int> {};

TEST_P(SplitTraining, TrainsAsAWholeModel) {
  for (const Layout& layout : layouts_for(GetParam()))
    run_threads(GetParam(),
                [&](Communicator& threads) { expect_trains_as_a_whole_model(threads, layout, DType::f32); });
}

INSTANTIATE_TEST_SUITE_P(Threads, SplitTraining, testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace gpt
