#include "exercises/15_sharding/order_within.hpp"

#include <gtest/gtest.h>

#include <map>

#include "common/check.hpp"

namespace gpt {
namespace {

constexpr int stages = 4, micro_batches = 7;

/// As the functions of the lesson want it.
template <int most>
std::vector<Task> order_of(int stage, int of, int count) {
  return order_within(stage, of, count, most);
}

TEST(OrderWithin, EachMicroBatchForwardThenBackward) {
  for (int stage = 0; stage < stages; ++stage)
    for (int most = 1; most <= 8; ++most) {
      std::map<int, int> forwards, backwards;
      for (const Task& task : order_within(stage, stages, micro_batches, most)) {
        const bool back = task.kind == Task::Kind::backward;
        EXPECT_TRUE(!back || forwards[task.micro_batch] == 1)
            << "micro-batch " << task.micro_batch << " goes backward before it went forward";
        ++(back ? backwards : forwards)[task.micro_batch];
      }
      for (int m = 0; m < micro_batches; ++m)
        EXPECT_TRUE(forwards[m] == 1 && backwards[m] == 1)
            << "micro-batch " << m << " of stage " << stage << ": forward once and backward once";
    }
}

TEST(OrderWithin, HoldsNoMoreThanItMay) {
  for (int stage = 0; stage < stages; ++stage)
    for (int most = 1; most <= 8; ++most) {
      const int held = most_held(order_within(stage, stages, micro_batches, most));
      EXPECT_LE(held, most) << held << " micro-batches are held on stage " << stage << ", where " << most
                            << " have room";
      EXPECT_LE(held, stages - stage) << held << " micro-batches are held on stage " << stage << " of "
                                      << stages << ": the first gradient is back before so many are needed";
    }
}

TEST(OrderWithin, IsOneForwardOneBackwardWhereThereIsRoom) {
  for (int stage = 0; stage < stages; ++stage)
    for (const int count : {1, 2, micro_batches})
      EXPECT_EQ(order_within(stage, stages, count, stages), one_forward_one_backward(stage, stages, count))
          << "while one micro-batch is on its way to the last stage and back, others could be computed";
}

TEST(OrderWithin, NeverDeadlocksAndIsSlowerWithLessRoom) {
  double length = 1e9;
  for (const PipelineOrder order : {order_of<1>, order_of<2>, order_of<3>, order_of<4>}) {
    double now = 0;
    try {
      now = length_of(timing_of(order, stages, micro_batches));
    } catch (const Error& error) {
      FAIL() << "the stages wait for each other forever: " << error.what();
    }
    EXPECT_LT(now, length) << "with room for one micro-batch more it should be faster";
    length = now;
  }
}

}  // namespace
}  // namespace gpt
