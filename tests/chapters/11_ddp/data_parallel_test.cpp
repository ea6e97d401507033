// DataParallel on threads; its buckets; the order in which they are launched.

#include "11_ddp/data_parallel.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/operations.hpp"
#include "03_optimizers/initialisation.hpp"
#include "03_optimizers/optimizer.hpp"
#include "08_gpu_training/gpu_backend.hpp"
#include "09_averaging/classifier.hpp"
#include "tests/chapters/11_ddp/same_as_one_rank.hpp"

namespace gpt {
namespace {

void on_1_to_4_threads(void (*check)(Communicator&)) {
  for (const int ranks : {1, 2, 3, 4}) {
    SCOPED_TRACE(fmt::format("{} ranks", ranks));
    run_threads(ranks, check);
  }
}

TEST(DataParallel, TrainsAClassifierOnThreadsAsOnOneRank) {
  on_1_to_4_threads(expect_classifier_trains_as_on_one_rank);
}
TEST(DataParallel, TrainsAGptOnThreadsAsOnOneRank) {
  on_1_to_4_threads(expect_gpt_trains_as_on_one_rank);
}
TEST(DataParallel, RanksWithoutSamplesChangeNothing) {
  on_1_to_4_threads(expect_ranks_without_samples_change_nothing);
}
TEST(DataParallel, BitsDoNotDependOnTheNumberOfRanks) {
  for (const int ranks : {1, 2, 4, 8}) {
    SCOPED_TRACE(fmt::format("{} ranks", ranks));
    run_threads(ranks, expect_bits_do_not_depend_on_the_ranks);
  }
}
TEST(DataParallel, ADivergedReplicaIsNamed) {
  on_1_to_4_threads(expect_divergence_is_named);
}

/// Trains on rows of samples of different lengths, as one rank of `communicator`: step k takes the k-th row
/// of `mine`, a sample being a token here. Returns the parameters, and the number of steps.
std::pair<Tensor, int64_t> train_until_all_run_out(Communicator& communicator,
                                                   const std::vector<std::vector<int64_t>>& mine) {
  Classifier net({2, 9, 3}, 5);
  const Samples samples = make_blobs({50, 50, 50}, 2.0, 3);
  DataParallel parallel(net.parameters(), communicator, {.bucket_bytes = 100});
  const auto optimizer = make_optimizer("adamw", net.parameters());
  for (size_t step = 0;; ++step) {
    const std::vector<int64_t> rows = step < mine.size() ? mine[step] : std::vector<int64_t>{};
    const int64_t tokens = parallel.begin_step(static_cast<int64_t>(rows.size()));
    if (tokens == 0) return {net.parameters().values(), static_cast<int64_t>(step)};
    net.parameters().zero_gradients();
    parallel.prepare(true);
    if (!rows.empty()) net.loss(samples.pick(rows), 1.0 / static_cast<double>(tokens)).backward();
    parallel.finish();
    optimizer->step(0.01);
  }
}

TEST(DataParallel, RanksThatRunOutOfDataWaitForTheOthersWithoutChangingTheMean) {
  // Rank r has 2 + 3r steps; its batches have 1 to 4 samples.
  const auto data_of = [](int rank) {
    std::vector<std::vector<int64_t>> steps(static_cast<size_t>(2 + 3 * rank));
    for (size_t step = 0; step < steps.size(); ++step)
      for (size_t i = 0; i <= (step + static_cast<size_t>(rank)) % 4; ++i)
        steps[step].push_back(static_cast<int64_t>(step * 29 + static_cast<size_t>(rank) * 41 + i * 7) % 150);
    return steps;
  };
  for (const int ranks : {1, 2, 4}) {
    std::vector<std::vector<int64_t>> all(static_cast<size_t>(2 + 3 * (ranks - 1)));
    for (int rank = 0; rank < ranks; ++rank) {
      const auto part = data_of(rank);
      for (size_t step = 0; step < part.size(); ++step)
        all[step].insert(all[step].end(), part[step].begin(), part[step].end());
    }
    const auto [expected, steps] = train_until_all_run_out(*make_single_communicator(), all);
    EXPECT_EQ(steps, static_cast<int64_t>(all.size()));
    run_threads(ranks, [&, expected = expected, steps = steps](Communicator& communicator) {
      const auto [values, taken] = train_until_all_run_out(communicator, data_of(communicator.rank()));
      EXPECT_EQ(taken, steps);
      EXPECT_LT(max_difference(values, expected), 1e-9) << ranks << " ranks";
    });
  }
}

void declare(ParameterStore& store, const std::vector<int64_t>& sizes) {
  for (size_t i = 0; i < sizes.size(); ++i) store.declare(fmt::format("p{}", i), {sizes[i]}, initial::ones());
  store.allocate(1);
}

TEST(BucketPlan, CoversTheBufferOnceInOrderWithBucketsOfOneSize) {
  for (const int64_t bytes : {1, 4, 8, 60, 64, 100, 4000, 1 << 20}) {
    ParameterStore store;
    declare(store, {1, 15, 16, 17, 100, 3});
    const BucketPlan plan = plan_buckets(store, bytes);
    const int64_t elements = std::max<int64_t>(1, bytes / 4);
    int64_t covered = 0;
    for (const Bucket& bucket : plan.buckets) {
      EXPECT_EQ(bucket.from, covered);
      EXPECT_EQ(bucket.to, std::min(covered + elements, store.size()));
      covered = bucket.to;
    }
    EXPECT_EQ(covered, store.size());
  }
}

TEST(BucketPlan, AParametersBucketsAreThoseWithElementsOfIt) {
  for (const int64_t bytes : {4, 8, 60, 64, 100, 4000}) {
    ParameterStore store;
    declare(store, {1, 15, 16, 17, 100, 3});
    const BucketPlan plan = plan_buckets(store, bytes);
    std::vector<int> members(plan.buckets.size(), 0);
    for (size_t p = 0; p < store.parameters().size(); ++p)
      for (size_t b = 0; b < plan.buckets.size(); ++b) {
        const Parameter& parameter = store.parameters()[p];
        const bool overlaps = plan.buckets[b].from < parameter.offset + parameter.elements &&
                              parameter.offset < plan.buckets[b].to;
        const auto range = plan.of_parameter[p];
        EXPECT_EQ(overlaps, range.first <= static_cast<int>(b) && static_cast<int>(b) <= range.last);
        members[b] += overlaps;
      }
    for (size_t b = 0; b < plan.buckets.size(); ++b) EXPECT_EQ(members[b], plan.buckets[b].parameters);
  }
}

/// A communicator of one that notes the first element of every gradient slice it is given.
class Recorder : public Communicator {
 public:
  std::vector<int64_t> started;

  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::string_view name() const override { return "recorder"; }
  void barrier() override {}
  void broadcast(const Tensor&, int) override {}
  void all_reduce(const Tensor&, ReduceOp) override {}
  std::unique_ptr<Work> all_reduce_async(const Tensor& tensor, ReduceOp) override {
    started.push_back(tensor.offset());
    struct Done : Work {
      void wait() override {}
      Interval interval() const override { return {}; }
    };
    return std::make_unique<Done>();
  }
  void reduce_scatter(const Tensor&, const Tensor&, ReduceOp) override {}
  void all_gather(const Tensor&, const Tensor&) override {}
  void send(const Tensor&, int) override {}
  void receive(const Tensor&, int) override {}
  std::unique_ptr<Communicator> split(int, int) override { return nullptr; }
};

// Three parameters of 16 elements, which lie in the buffer as p2, p1, p0; a bucket each.
class Launches : public testing::Test {
 protected:
  Launches() { declare(store_, {16, 16, 16}); }
  void backward(const std::vector<const char*>& names) {
    Variable total = Tensor::scalar(0.0);
    for (const char* name : names) total = total + sum(store_.variable(name));
    total.backward();
  }
  ParameterStore store_;
  Recorder recorder_;
};

TEST_F(Launches, ABucketStartsInTheBackwardPassAsSoonAsItIsReady) {
  DataParallel parallel(store_, recorder_, {.bucket_bytes = 64});
  parallel.prepare(true);
  backward({"p2"});
  EXPECT_EQ(recorder_.started, (std::vector<int64_t>{0}));
  backward({"p1"});
  EXPECT_EQ(recorder_.started, (std::vector<int64_t>{0, 16}));
  parallel.finish();
  EXPECT_EQ(recorder_.started, (std::vector<int64_t>{0, 16, 32}));
}

TEST_F(Launches, AreInBucketOrderThoughGradientsBecomeReadyOutOfOrder) {
  DataParallel parallel(store_, recorder_, {.bucket_bytes = 64});
  parallel.prepare(true);
  backward({"p0"});
  backward({"p1"});
  EXPECT_TRUE(recorder_.started.empty());  // they wait for p2, which lies in front of them
  backward({"p2"});
  EXPECT_EQ(recorder_.started, (std::vector<int64_t>{0, 16, 32}));
  parallel.finish();
  EXPECT_EQ(recorder_.started.size(), 3u);
}

TEST_F(Launches, HappenInTheLastMicroBatchAlone) {
  DataParallel parallel(store_, recorder_, {.bucket_bytes = 64});
  parallel.prepare(false);
  backward({"p0", "p1", "p2"});
  EXPECT_TRUE(recorder_.started.empty());
  parallel.prepare(true);
  backward({"p0", "p1", "p2"});
  EXPECT_EQ(recorder_.started.size(), 3u);
  parallel.finish();
  backward({"p0", "p1", "p2"});  // after the step nothing is armed
  EXPECT_EQ(recorder_.started.size(), 3u);
}

TEST_F(Launches, WaitForFinishWithoutOverlap) {
  DataParallel parallel(store_, recorder_, {.bucket_bytes = 64, .overlap = false});
  parallel.prepare(true);
  backward({"p0", "p1", "p2"});
  EXPECT_TRUE(recorder_.started.empty());
  parallel.finish();
  EXPECT_EQ(recorder_.started, (std::vector<int64_t>{0, 16, 32}));
}

TEST_F(Launches, EndWithTheDataParallelThatMadeThem) {
  {
    DataParallel parallel(store_, recorder_, {.bucket_bytes = 64});
    parallel.prepare(true);
  }
  backward({"p0", "p1", "p2"});
  EXPECT_TRUE(recorder_.started.empty());
}

TEST_F(Launches, GoThroughTheReducerBucketByBucket) {
  struct Doubling : GradientReducer {
    std::vector<size_t> buckets;
    std::unique_ptr<Work> start(size_t bucket, const Tensor& gradients) override {
      buckets.push_back(bucket);
      gradients.fill(2.0 * gradients.data<float>()[0]);
      return make_single_communicator()->all_reduce_async(gradients, ReduceOp::sum);
    }
  };
  auto owned = std::make_unique<Doubling>();
  const Doubling& reducer = *owned;
  DataParallel parallel(store_, recorder_, {.bucket_bytes = 64}, std::move(owned));
  parallel.prepare(true);
  backward({"p0", "p1", "p2"});
  parallel.finish();
  EXPECT_EQ(reducer.buckets, (std::vector<size_t>{0, 1, 2}));
  EXPECT_TRUE(recorder_.started.empty());
  for (const float g : store_.gradients().span<float>()) EXPECT_EQ(g, 2.0f);
}

TEST(DataParallel, ALoneRanksGradientsStayOnTheDevice) {
  const auto backend = emulated::make_gpu_backend({});
  const auto staging = [&] { return backend->allocator()->memory().staging()->statistics().allocations; };
  ParameterStore store;
  store.declare("p", {1024}, initial::ones());
  store.allocate(1, DType::f32, backend->allocator());
  backend->fill(store.gradients(), 3.0);
  const int64_t before = staging();
  const auto alone = make_single_communicator();
  DataParallel parallel(store, *alone);
  parallel.broadcast_parameters();
  parallel.prepare(true);
  parallel.finish();
  EXPECT_EQ(staging(), before) << "nobody else adds to them, so nothing need go to the host and back";
  EXPECT_EQ(backend->sum(store.gradients()), 3072.0);
}

TEST_F(Launches, AreTimedBucketByBucket) {
  run_threads(2, [](Communicator& communicator) {
    ParameterStore store;
    declare(store, {16, 16, 16});
    DataParallel parallel(store, communicator, {.bucket_bytes = 64});
    for (int step = 0; step < 2; ++step) {
      const auto before = std::chrono::steady_clock::now();
      parallel.prepare(true);
      parallel.finish();
      const std::vector<Interval>& intervals = parallel.bucket_intervals();
      ASSERT_EQ(intervals.size(), 3u);
      EXPECT_GE(intervals[0].start, before);
      for (size_t b = 0; b < 3; ++b) {
        EXPECT_LE(intervals[b].start, intervals[b].end);
        EXPECT_LE(intervals[b > 0 ? b - 1 : 0].start, intervals[b].start);
      }
      EXPECT_LE(intervals[2].end, std::chrono::steady_clock::now());
    }
  });
}

TEST_F(Launches, CallsOutOfOrderAreErrors) {
  DataParallel parallel(store_, recorder_, {.bucket_bytes = 64});
  EXPECT_THROW(parallel.finish(), Error);
  parallel.prepare(true);
  EXPECT_THROW(parallel.prepare(false), Error);
  backward({"p0"});
  EXPECT_THROW(backward({"p0"}), Error);
}

}  // namespace
}  // namespace gpt
