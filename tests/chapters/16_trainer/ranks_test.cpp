// N ranks compute what one computes, however the batch is cut and the gradients are sent.
#include <gtest/gtest.h>

#include <cmath>

#include "16_trainer/evaluation.hpp"
#include "16_trainer/trainer.hpp"
#include "tests/chapters/16_trainer/learnable_text.hpp"

namespace gpt {
namespace {

constexpr int64_t vocabulary = 17, steps = 10;

TrainConfig choices() {
  TrainConfig config;
  config.layers = 2, config.heads = 2, config.width = 12, config.context = 6;
  config.batch = 12, config.steps = steps, config.warmup = 2, config.lr = 1e-2, config.dropout = 0.1;
  config.clip = 0.5;
  // The bias of the keys has a gradient of exactly zero, because softmax does not feel it; what is computed
  // is rounding noise, and Adam divides noise by its own size plus epsilon.
  config.epsilon = 1e-5;
  return config;
}

struct Outcome {
  std::vector<double> losses;
  std::vector<float> parameters;
  double val_loss = 0;
};

/// What rank 0 has after the steps.
Outcome train(const TrainConfig& config, int ranks,
              const std::function<std::unique_ptr<Backend>()>& make_backend) {
  Outcome outcome;
  const auto train_rank = [&](Communicator& communicator) {
    const auto backend = make_backend();
    Trace trace;
    Trainer trainer(config, config.model(vocabulary), *backend, communicator, trace);
    const DataLoader data(learnable_text(vocabulary), config.context, config.batch, config.seed);
    std::vector<double> losses;
    for (int64_t step = 0; step < config.steps; ++step) losses.push_back(trainer.step(data, step).loss);
    const Tokens text = learnable_text(vocabulary);
    const auto [val_loss, predicted] = evaluate(trainer.model(), text, 3, 0, communicator);
    EXPECT_EQ(predicted, text.size() - 1);
    EXPECT_EQ(evaluate(trainer.model(), text, 3, 2, communicator).tokens, 2 * 3 * config.context);
    if (communicator.rank() != 0) return;
    const Tensor parameters = trainer.model().parameters().values().host();
    const auto values = parameters.span<float>();
    outcome = {losses, {values.begin(), values.end()}, val_loss};
  };
  if (ranks == 1)
    train_rank(*make_single_communicator());
  else
    run_threads(ranks, train_rank);
  return outcome;
}

Outcome train(const TrainConfig& config, int ranks) {
  return train(config, ranks, [] { return make_reference_backend(DType::f32); });
}
Outcome train_on_cpu(const TrainConfig& config, int ranks) {
  return train(config, ranks, [&] { return make_cpu_backend(config.compute_type()); });
}

void expect_same(const Outcome& a, const Outcome& b) {
  for (size_t i = 0; i < a.losses.size(); ++i)
    EXPECT_NEAR(a.losses[i], b.losses[i], 1e-5 * a.losses[i]) << "step " << i;
  double largest = 0, difference = 0;
  for (size_t i = 0; i < a.parameters.size(); ++i) {
    largest = std::max<double>(largest, std::abs(a.parameters[i]));
    difference = std::max<double>(difference, std::abs(a.parameters[i] - b.parameters[i]));
  }
  EXPECT_LE(difference, 1e-5 * largest);
  EXPECT_NEAR(a.val_loss, b.val_loss, 1e-5 * a.val_loss);
}

TEST(Ranks, AnyNumberOfThemTrainsTheSameModel) {
  const Outcome one = train(choices(), 1);
  EXPECT_LT(one.losses.back(), one.losses.front());
  for (const int ranks : {2, 3, 4, 5}) {  // 5 ranks share 12 sequences unevenly
    SCOPED_TRACE(fmt::format("{} ranks", ranks));
    expect_same(one, train(choices(), ranks));
  }
}

TEST(Ranks, AnyMicroBatchAndAnyBucketTrainsTheSameModel) {
  const Outcome one = train(choices(), 1);
  for (const int64_t micro_batch : {1, 5, 12})
    for (const char* bucket_mb : {"1e-4", "1e-3", "100"}) {
      SCOPED_TRACE(fmt::format("micro-batch {}, buckets of {} MB", micro_batch, bucket_mb));
      TrainConfig config = choices();
      config.micro_batch = micro_batch;
      config.bucket_mb = bucket_mb;
      expect_same(one, train(config, 2));
    }
}

/// The mean losses, the parameters and the validation loss, compared bit for bit.
bool same_bits(const Outcome& a, const Outcome& b) {
  return a.losses == b.losses && a.parameters == b.parameters && a.val_loss == b.val_loss;
}

TEST(Ranks, ReproducibleOnesTrainTheSameModelBitForBit) {
  for (const char* precision : {"f32", "bf16"})
    for (const int64_t batch : {12, 5}) {  // some leaves are larger than others, or empty
      TrainConfig config = choices();
      config.reproducible = true;
      config.precision = precision;
      config.batch = batch;
      config.bucket_mb = "1e-3";
      const Outcome one = train_on_cpu(config, 1);
      for (const int ranks : {2, 4, 8}) {
        if (ranks > batch) continue;
        SCOPED_TRACE(fmt::format("{} ranks, {}, batch {}", ranks, precision, batch));
        EXPECT_TRUE(same_bits(one, train_on_cpu(config, ranks)));
      }
      config.leaves = 4;  // another tree: else the comparison would say nothing
      EXPECT_FALSE(same_bits(one, train_on_cpu(config, 1)));
    }
}

TEST(Ranks, CapturedPassesTrainTheSameModelBitForBit) {
  TrainConfig config = choices();
  config.dropout = 0, config.device = "simt", config.layers = 1;
  config.steps = 4;  // each kind of graph is captured in the first, and replayed
  config.batch = 10;
  config.micro_batch = 2;  // for 2 ranks 2 + 2 + 1: two graphs, and the last one runs as ever
  const auto simt = [] { return emulated::make_gpu_backend({}); };
  for (const int ranks : {1, 2})
    for (const char* overlap : {"on", "off"}) {
      SCOPED_TRACE(fmt::format("{} ranks, overlap {}", ranks, overlap));
      config.overlap = overlap;
      config.cuda_graph = "off";
      const Outcome plain = train(config, ranks, simt);
      config.cuda_graph = "on";
      EXPECT_TRUE(same_bits(plain, train(config, ranks, simt)));
      if (ranks == 1) break;  // it has nothing to overlap
    }
}

TEST(Ranks, ALeafIsAMicroBatchOfItsOwn) {
  TrainConfig config = choices();
  config.reproducible = true;
  for (const int ranks : {1, 2, 4, 8}) {
    int64_t next = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      const std::vector<Share> parts = micro_batches(config, 5, rank, ranks);
      EXPECT_EQ(parts.size(), static_cast<size_t>(8 / ranks));
      for (const Share& part : parts) {
        EXPECT_EQ(part.first, next);
        next += part.count;
      }
    }
    EXPECT_EQ(next, 5);
  }
  config.reproducible = false;
  EXPECT_EQ(micro_batches(config, 1, 1, 2).size() + micro_batches(config, 1, 0, 2).size(), 2u);
}

TEST(Ranks, OneWishReachesAll) {
  run_threads(3, [&](Communicator& communicator) {
    const auto backend = make_reference_backend(DType::f32);
    Trace trace;
    Trainer trainer(choices(), choices().model(vocabulary), *backend, communicator, trace);
    const DataLoader data(learnable_text(vocabulary), choices().context, choices().batch, 1);
    EXPECT_EQ(trainer.step(data, 0).wish, Wish::go_on);
    EXPECT_EQ(trainer.step(data, 1, communicator.rank() == 2 ? Wish::stop : Wish::go_on).wish, Wish::stop);
    EXPECT_EQ(trainer.step(data, 2, communicator.rank() == 0 ? Wish::give_up : Wish::stop).wish,
              Wish::give_up);
  });
}

TEST(Ranks, ASteadyStepAsksTheSystemForNoMemory) {
  const auto communicator = make_single_communicator();
  const auto backend = make_cpu_backend();
  TrainConfig config = choices();
  config.micro_batch = 5;  // the last micro-batch is smaller
  Trace trace;
  Trainer trainer(config, config.model(vocabulary), *backend, *communicator, trace);
  const DataLoader data(learnable_text(vocabulary), config.context, config.batch, 1);
  for (int64_t step = 0; step < 3; ++step) trainer.step(data, step);
  const int64_t before = host_allocator()->statistics().system_requests;
  const int64_t in_use = host_allocator()->statistics().in_use;
  for (int64_t step = 3; step < steps; ++step) trainer.step(data, step);
  EXPECT_EQ(host_allocator()->statistics().system_requests, before);
  EXPECT_EQ(host_allocator()->statistics().in_use, in_use);
}

TEST(Ranks, ALossThatIsNoNumberLeavesTheParametersAlone) {
  const auto communicator = make_single_communicator();
  const auto backend = make_reference_backend(DType::f32);
  Trace trace;
  Trainer trainer(choices(), choices().model(vocabulary), *backend, *communicator, trace);
  const DataLoader data(learnable_text(vocabulary), choices().context, choices().batch, 1);
  const Tensor values = trainer.model().parameters().values();
  values.span<float>()[40] = NAN;
  const Tensor before = values.clone();
  EXPECT_FALSE(trainer.step(data, 0).finite());
  values.span<float>()[40] = before.span<float>()[40] = 0;
  for (int64_t i = 0; i < values.elements(); ++i) ASSERT_EQ(values.data<float>()[i], before.data<float>()[i]);
}

}  // namespace
}  // namespace gpt
