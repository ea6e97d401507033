// In f64, with the reference backend: what ThreadSanitizer is to watch. oneDNN, which f32 takes, is not
// compiled for it.

#include <gtest/gtest.h>

#include "tests/chapters/15_sharding/split_training.hpp"

namespace gpt {
namespace {

class SplitThreads : public testing::TestWithParam<int> {};

TEST_P(SplitThreads, TrainAsAWholeModel) {
  for (const Layout& layout : layouts_for(GetParam()))
    run_threads(GetParam(),
                [&](Communicator& threads) { expect_trains_as_a_whole_model(threads, layout, DType::f64); });
}

INSTANTIATE_TEST_SUITE_P(Threads, SplitThreads, testing::Values(1, 2, 3, 4));

TEST(SplitThreads, TensorDataAndPipelineParallelismAtOnce) {
  run_threads(8, [](Communicator& threads) {
    expect_trains_as_a_whole_model(threads, {.tensor = 2, .stages = 2, .data = 2, .micro_batches = 2},
                                   DType::f64);
  });
}

}  // namespace
}  // namespace gpt
