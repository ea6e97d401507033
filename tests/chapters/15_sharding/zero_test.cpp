// ZeRO trains as plain data parallelism does, on threads.

#include "15_sharding/zero.hpp"

#include <gtest/gtest.h>

#include "15_sharding/paged_memory.hpp"
#include "zero_training.hpp"

namespace gpt {
namespace {

class ZeroOnThreads : public testing::TestWithParam<int> {
 protected:
  void expect_equal(const ZeroCase& c) {
    run_threads(GetParam(), [&](Communicator& communicator) { expect_all_stages_equal(c, communicator); });
  }
};
INSTANTIATE_TEST_SUITE_P(Ranks, ZeroOnThreads, testing::Values(1, 2, 3, 4));

TEST_P(ZeroOnThreads, AllStagesTrainAlike) {
  expect_equal({});
}
TEST_P(ZeroOnThreads, AlsoWithABf16Copy) {
  expect_equal({.compute = DType::bf16, .steps = 4});
}
TEST_P(ZeroOnThreads, AlsoWithMicroBatchesAndDropout) {
  expect_equal({.micro_batches = 2, .dropout = 0.1f, .steps = 4});
}
TEST_P(ZeroOnThreads, AlsoWhereARankHasNoRows) {
  expect_equal({.batch = 2, .steps = 4});
}

TEST(Zero, APassOutOfTurnIsRefused) {
  const auto single = make_single_communicator();
  const auto backend = make_cpu_backend();
  Gpt model({.layers = 1, .heads = 1, .width = 16, .context = 4, .vocabulary = 5}, *backend, 1,
            zero_buffers(3), zero_buffers(3));
  Zero zero(3, model, *single);
  const Tensor tokens = Tensor::zeros({1, 4}, DType::i32);
  const Variable first = model.loss(tokens, tokens, 1.0, {.training = true});
  EXPECT_THROW(zero.end_pass(), Error);  // no backward pass yet
  EXPECT_THROW(model.loss(tokens, tokens, 1.0, {.training = true}), Error);
  first.backward();
  zero.end_pass();
  EXPECT_NO_THROW(model.loss(tokens, tokens, 1.0, {.training = true}).backward());
}

}  // namespace
}  // namespace gpt
