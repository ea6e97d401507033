#include <gtest/gtest.h>

#include "tests/chapters/15_sharding/split_training.hpp"

namespace gpt {
namespace {

class SplitTraining : public testing::TestWithParam<int> {};

TEST_P(SplitTraining, TrainsAsAWholeModel) {
  for (const Layout& layout : layouts_for(GetParam()))
    for (const DType type : {DType::f64, DType::f32})
      run_threads(GetParam(),
                  [&](Communicator& threads) { expect_trains_as_a_whole_model(threads, layout, type); });
}

INSTANTIATE_TEST_SUITE_P(Threads, SplitTraining, testing::Values(1, 2, 3, 4));

TEST(SplitTraining, TensorDataAndPipelineParallelismAtOnce) {
  run_threads(8, [](Communicator& threads) {
    expect_trains_as_a_whole_model(threads, {.tensor = 2, .stages = 2, .data = 2, .micro_batches = 2},
                                   DType::f64);
  });
}

}  // namespace
}  // namespace gpt
