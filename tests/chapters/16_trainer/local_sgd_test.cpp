// Ranks that walk by themselves and meet every so many steps.
#include "16_trainer/local_sgd.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "16_trainer/trainer.hpp"
#include "tests/chapters/16_trainer/learnable_text.hpp"

namespace gpt {
namespace {

constexpr int64_t vocabulary = 17, steps = 8;

TrainConfig choices(int64_t local_sgd) {
  TrainConfig config;
  config.layers = 1, config.heads = 2, config.width = 12, config.context = 6;
  config.batch = 12, config.steps = steps, config.warmup = 2, config.lr = 1e-2, config.dropout = 0.1;
  config.local_sgd = local_sgd;
  return config;
}

/// AdamW divides by √v + ε. Where ε is a million, that is ε: what is left is gradient descent with momentum,
/// whose step is linear in the gradient.
TrainConfig linear(int64_t local_sgd) {
  TrainConfig config = choices(local_sgd);
  config.epsilon = 1e6, config.lr = 3e5, config.min_lr = 1e5, config.weight_decay = 0, config.clip = 0;
  return config;
}

struct Outcome {
  std::vector<double> losses;
  std::vector<float> parameters;
  int64_t sent = 0;  // bytes, by rank 0
};

/// Rank 0's, after a check that the ranks were equal after every round.
Outcome train(const TrainConfig& config, int ranks) {
  Outcome outcome;
  run_threads(ranks, [&](Communicator& communicator) {
    const auto backend = make_reference_backend(DType::f32);
    Trace trace;
    Trainer trainer(config, config.model(vocabulary), *backend, communicator, trace);
    const DataLoader data(learnable_text(vocabulary), config.context, config.batch, config.seed);
    Outcome mine;
    for (int64_t step = 0; step < steps;) {
      for (const StepResult& result : trainer.round(data, step)) {
        mine.losses.push_back(result.loss);
        mine.sent += result.sent_bytes;
        ++step;
      }
      trainer.check_replicas(step);
    }
    if (communicator.rank() != 0) return;
    const auto values = trainer.model().parameters().values().span<float>();
    mine.parameters.assign(values.begin(), values.end());
    outcome = mine;
  });
  return outcome;
}

/// The largest difference of two parameters, in the largest parameter.
double distance(const Outcome& a, const Outcome& b) {
  double largest = 0, difference = 0;
  for (size_t i = 0; i < a.parameters.size(); ++i) {
    largest = std::max<double>(largest, std::abs(a.parameters[i]));
    difference = std::max<double>(difference, std::abs(a.parameters[i] - b.parameters[i]));
  }
  return difference / largest;
}

TEST(LocalSgd, WithALinearStepAveragingParametersEveryStepIsAveragingGradients) {
  for (const int ranks : {2, 3, 5}) {  // 5 ranks share 12 sequences unevenly: 3, 3, 2, 2, 2
    SCOPED_TRACE(fmt::format("{} ranks", ranks));
    const Outcome gradients = train(linear(0), ranks), parameters = train(linear(1), ranks);
    EXPECT_LT(gradients.losses.back(), gradients.losses.front());
    EXPECT_LT(distance(gradients, parameters), 1e-5);
    for (size_t i = 0; i < steps; ++i)
      EXPECT_NEAR(parameters.losses[i], gradients.losses[i], 1e-5 * gradients.losses[i]);
  }
}

TEST(LocalSgd, WithAdamWItIsAnotherAlgorithm) {
  EXPECT_GT(distance(train(choices(0), 2), train(choices(1), 2)), 1e-3);
  EXPECT_GT(distance(train(choices(1), 2), train(choices(4), 2)), 1e-3);
}

TEST(LocalSgd, BytesFallByTheStepsBetweenTwoAveragings) {
  const Outcome gradients = train(choices(0), 3);
  for (const int64_t every : {1, 4, 8, 5}) {  // 8 steps are two rounds of 5 and 3
    const int64_t rounds = (steps + every - 1) / every, more = rounds * 16;  // a number: the rows of all
    EXPECT_NEAR(static_cast<double>(train(choices(every), 3).sent),
                static_cast<double>(gradients.sent * rounds / steps), static_cast<double>(more));
  }
}

TEST(LocalSgd, OnOneRankItIsAPlainRunBitForBit) {
  const Outcome plain = train(choices(0), 1), local = train(choices(4), 1);
  EXPECT_EQ(plain.losses, local.losses);
  EXPECT_EQ(plain.parameters, local.parameters);
}

TEST(LocalSgd, RoundsEndAtMultiples) {
  EXPECT_EQ(steps_to_averaging(0, 4, 10), 4);
  EXPECT_EQ(steps_to_averaging(4, 4, 10), 4);
  EXPECT_EQ(steps_to_averaging(8, 4, 10), 2);  // the run ends
  EXPECT_EQ(steps_to_averaging(6, 4, 10), 2);  // resumed after an end
}

TEST(LocalSgd, ABadNumberOfOneRankEndsTheRoundOfAll) {
  run_threads(3, [](Communicator& communicator) {
    const bool bad = communicator.rank() == 1;
    const LocalSteps mine = bad ? LocalSteps{{2, NAN}, {1, 1}, 0} : LocalSteps{{1, 1, 1, 1}, {2, 2, 2, 2}, 1};
    const LocalSteps all = average_steps(mine, 4, bad ? 2 : 1, communicator);
    ASSERT_EQ(all.losses.size(), 2u);
    EXPECT_EQ(all.losses[0], 1.5);  // 2 of 4 rows have 2, the others 1
    EXPECT_EQ(all.norms[0], 1.5);
    EXPECT_TRUE(std::isnan(all.losses[1]));
    EXPECT_EQ(all.wish, 1);
  });
}

}  // namespace
}  // namespace gpt
