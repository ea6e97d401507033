// N workers equal one with the whole batch; averaging models; local SGD.

#include "09_averaging/averaging.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "01_tensors/elementwise.hpp"
#include "03_optimizers/optimizer.hpp"
#include "09_averaging/classifier.hpp"
#include "09_averaging/splits.hpp"

namespace gpt {
namespace {

constexpr int steps = 10;
const Samples samples = make_blobs({20, 20, 21}, 2.0, 3);  // 61: no number of ranks divides it

struct Outcome {
  std::vector<double> losses;
  Tensor parameters;
};

void expect_near(const Outcome& outcome, const Outcome& expected) {
  for (size_t i = 0; i < expected.losses.size(); ++i)
    EXPECT_NEAR(outcome.losses[i], expected.losses[i], 1e-5 * expected.losses[i]) << "in step " << i;
  const Tensor zeros = Tensor::zeros(expected.parameters.shape(), expected.parameters.dtype());
  EXPECT_LT(max_difference(outcome.parameters, expected.parameters),
            1e-5 * max_difference(expected.parameters, zeros));
}

/// Each rank's gradient is the mean over its own numbers; the gradients are averaged by sample counts.
Outcome train(Communicator& communicator, const std::vector<int64_t>& mine, std::string_view optimizer_name,
              bool weighted = true) {
  Classifier net({2, 8, 3}, 1, DType::f32);
  const auto optimizer = make_optimizer(optimizer_name, net.parameters());
  const auto count = static_cast<double>(mine.size());
  Outcome outcome;
  for (int step = 0; step < steps; ++step) {
    net.parameters().zero_gradients();
    double sum = 0.0;
    if (!mine.empty()) {
      const Variable loss = net.loss(samples.pick(mine), 1.0 / count);
      loss.backward();
      sum = loss.value().item() * count;
    }
    average_gradients(communicator, net.parameters(), weighted ? count : 1.0);
    outcome.losses.push_back(communicator.all_reduce(sum, ReduceOp::sum) /
                             communicator.all_reduce(count, ReduceOp::sum));
    optimizer->step(0.05);
  }
  outcome.parameters = net.parameters().values();
  return outcome;
}

Outcome train_alone(std::string_view optimizer) {
  std::vector<int64_t> all(static_cast<size_t>(samples.size()));
  std::iota(all.begin(), all.end(), 0);
  return train(*make_single_communicator(), all, optimizer);
}

TEST(GradientAveraging, OfNRanksTrainsAsOneRankWithTheNFoldBatch) {
  for (const char* optimizer : {"gd", "adamw"}) {
    const Outcome expected = train_alone(optimizer);
    EXPECT_LT(expected.losses.back(), expected.losses.front());
    for (const Split split : {Split::block, Split::line, Split::random})
      for (const int ranks : {1, 2, 3, 4}) {
        SCOPED_TRACE(fmt::format("{}, {} split, {} ranks", optimizer, name_of(split), ranks));
        run_threads(ranks, [&](Communicator& c) {
          expect_near(train(c, shard(split, samples.size(), ranks, c.rank()), optimizer), expected);
        });
      }
  }
}

/// Rank r gets the numbers from borders[r] to borders[r + 1].
std::vector<int64_t> between(const std::vector<int64_t>& borders, int rank) {
  std::vector<int64_t> mine;
  const auto r = static_cast<size_t>(rank);
  for (int64_t i = borders[r]; i < borders[r + 1]; ++i) mine.push_back(i);
  return mine;
}

TEST(GradientAveraging, OfVeryUnevenShardsIsRightWithWeightsAndWrongWithout) {
  const Outcome expected = train_alone("gd");
  const std::vector<int64_t> borders{0, 1, 1, 8, 61};  // 1, 0, 7 and 53 samples
  run_threads(4, [&](Communicator& c) { expect_near(train(c, between(borders, c.rank()), "gd"), expected); });
  run_threads(4, [&](Communicator& c) {
    const Outcome wrong = train(c, between(borders, c.rank()), "gd", /*weighted=*/false);
    EXPECT_GT(max_difference(wrong.parameters, expected.parameters), 0.01);
  });
}

TEST(Average, TheWorkedExampleGivesAQuarter) {
  run_threads(4, [](Communicator& c) {
    const Tensor gradient = Tensor::full({3}, 0.1 * (c.rank() + 1));
    average(c, gradient);
    for (const float g : gradient.span<float>()) EXPECT_FLOAT_EQ(g, 0.25f);
  });
}

TEST(Average, WeighsByTheNumberOfSamplesAndIgnoresRanksWithoutAny) {
  // The means of {1}, {2, 3} and {4, …, 8}; a fourth rank has nothing. The mean of all eight is 4.5.
  const std::vector<double> mean{1.0, 2.5, 6.0, 99.0}, count{1, 2, 5, 0};
  run_threads(4, [&](Communicator& c) {
    const auto rank = static_cast<size_t>(c.rank());
    const Tensor tensor = Tensor::full({2}, mean[rank], DType::f64);
    average(c, tensor, count[rank]);
    EXPECT_DOUBLE_EQ(tensor.at<double>({1}), 4.5);
  });
}

TEST(Average, OverNoSamplesIsAnErrorOnAllRanks) {
  run_threads(2, [](Communicator& c) { EXPECT_THROW(average(c, Tensor::zeros({2}), 0.0), Error); });
}

/// Local SGD with plain gradient descent: `rounds` rounds of `local_steps`.
Tensor local_sgd(Communicator& c, int64_t rounds, int64_t local_steps) {
  Classifier net({2, 8, 3}, 1);
  const auto optimizer = make_optimizer("gd", net.parameters());
  const std::vector<int64_t> mine = shard(Split::line, samples.size(), c.size(), c.rank());
  const Samples own = samples.pick(mine);
  const auto count = static_cast<double>(mine.size());
  for (int64_t round = 0; round < rounds; ++round)
    local_sgd_round(
        c, net.parameters(), local_steps,
        [&](int64_t) {
          net.parameters().zero_gradients();
          net.loss(own, 1.0 / count).backward();
          optimizer->step(0.05);
        },
        count);
  return net.parameters().values();
}

TEST(LocalSgd, WithOneLocalStepIsGradientAveraging) {
  run_threads(3, [](Communicator& c) {
    Classifier net({2, 8, 3}, 1);
    const auto optimizer = make_optimizer("gd", net.parameters());
    const std::vector<int64_t> mine = shard(Split::line, samples.size(), c.size(), c.rank());
    const auto count = static_cast<double>(mine.size());
    for (int step = 0; step < steps; ++step) {
      net.parameters().zero_gradients();
      net.loss(samples.pick(mine), 1.0 / count).backward();
      average_gradients(c, net.parameters(), count);
      optimizer->step(0.05);
    }
    EXPECT_LT(max_difference(local_sgd(c, steps, 1), net.parameters().values()), 1e-13);
  });
}

TEST(LocalSgd, WithMoreLocalStepsIsSomethingElseAndAllRanksAgree) {
  run_threads(3, [](Communicator& c) {
    const Tensor often = local_sgd(c, 12, 1), seldom = local_sgd(c, 3, 4);
    EXPECT_GT(max_difference(often, seldom), 1e-5);
    const Tensor of_root = seldom.clone();
    c.broadcast(of_root, 0);
    EXPECT_EQ(max_difference(seldom, of_root), 0.0);
  });
}

TEST(ModelAveraging, OfIdenticalModelsChangesNothing) {
  run_threads(4, [](Communicator& c) {
    Classifier net({2, 8, 3}, 1);
    const Tensor before = net.parameters().values().clone();
    average_parameters(c, net.parameters(), 1.0);  // 1/4 of each, four times: exact
    EXPECT_EQ(max_difference(net.parameters().values(), before), 0.0);
  });
}

TEST(Classifier, WeightsOfSamplesMultiplyTheirPartOfLossAndGradient) {
  // A sample of weight 3 counts as three samples.
  Classifier weighted({2, 3}, 1), repeated({2, 3}, 1);
  const Variable a = weighted.loss(samples.pick({0, 30, 60}), 0.2, {1, 3, 1});
  const Variable b = repeated.loss(samples.pick({0, 30, 30, 30, 60}), 0.2);
  EXPECT_NEAR(a.value().item(), b.value().item(), 1e-15);
  a.backward();
  b.backward();
  EXPECT_LT(max_difference(weighted.parameters().gradients(), repeated.parameters().gradients()), 1e-15);
}

}  // namespace
}  // namespace gpt
