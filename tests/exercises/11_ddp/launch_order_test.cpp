#include "exercises/11_ddp/launch_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "09_averaging/communicator.hpp"

namespace gpt {
namespace {

using testing::ElementsAre;

TEST(OrderedLauncher, StartsBucketsInOrder) {
  std::vector<size_t> started;
  OrderedLauncher launcher(4, [&](size_t bucket) { started.push_back(bucket); });
  launcher.begin();
  launcher.ready(2);
  EXPECT_THAT(started, ElementsAre()) << "bucket 2 is ready, but 0 and 1 have not started";
  launcher.ready(0);
  EXPECT_THAT(started, ElementsAre(0))
      << "a bucket starts as soon as it is ready and all before it have started";
  launcher.ready(1);
  EXPECT_THAT(started, ElementsAre(0, 1, 2)) << "with 1 started, 2 can start, too: it was ready before";
  launcher.ready(3);
  EXPECT_THAT(started, ElementsAre(0, 1, 2, 3));
}

TEST(OrderedLauncher, StartsTheRestAtTheEnd) {
  std::vector<size_t> started;
  OrderedLauncher launcher(3, [&](size_t bucket) { started.push_back(bucket); });
  launcher.begin();
  launcher.ready(1);
  launcher.finish();
  EXPECT_THAT(started, ElementsAre(0, 1, 2))
      << "an unused parameter is never ready; the other ranks wait for its bucket";
}

TEST(OrderedLauncher, BeginsEveryStepAnew) {
  std::vector<size_t> started;
  OrderedLauncher launcher(2, [&](size_t bucket) { started.push_back(bucket); });
  for (int step = 0; step < 2; ++step) {
    started.clear();
    launcher.begin();
    launcher.ready(1);
    EXPECT_THAT(started, ElementsAre())
        << "in step " << step << ": was bucket 0 taken for ready since the step before?";
    launcher.ready(0);
    launcher.finish();
    EXPECT_THAT(started, ElementsAre(0, 1)) << "in step " << step << ": each bucket once";
  }
}

TEST(OrderedLauncher, LetsRanksWithDifferentOrdersAddUpTheSame) {
  run_threads(2, [](Communicator& communicator) {
    // Bucket b holds 10^b on each rank.
    std::vector<Tensor> buckets{Tensor::full({4}, 1), Tensor::full({4}, 10), Tensor::full({4}, 100)};
    std::vector<std::unique_ptr<Work>> works;
    OrderedLauncher launcher(3, [&](size_t bucket) {
      works.push_back(communicator.all_reduce_async(buckets[bucket], ReduceOp::sum));
    });
    launcher.begin();
    for (const size_t bucket : {0, 1, 2}) launcher.ready(communicator.rank() == 0 ? bucket : 2 - bucket);
    launcher.finish();
    for (const auto& work : works) work->wait();
    for (size_t b = 0; b < 3; ++b)
      EXPECT_EQ(buckets[b].data<float>()[0], b == 0   ? 2
                                             : b == 1 ? 20
                                                      : 200)
          << "bucket " << b << " was added to another rank's other bucket";
  });
}

}  // namespace
}  // namespace gpt
