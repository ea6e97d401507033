#include "tests/chapters/11_ddp/same_as_one_rank.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/operations.hpp"
#include "03_optimizers/optimizer.hpp"
#include "04_text/data_loader.hpp"
#include "05_gpt/gpt.hpp"
#include "09_averaging/classifier.hpp"
#include "11_ddp/data_parallel.hpp"

namespace gpt {
namespace {

constexpr int steps = 10;

/// A model and its loss for the samples first … last-1 of the global batch of a step, as their part of the
/// batch's mean.
struct Model {
  std::shared_ptr<void> owner;  // whatever the following refer to
  ParameterStore* parameters;
  int64_t batch;
  std::function<Variable(int64_t step, int64_t first, int64_t last)> loss;
  double epsilon = 1e-8;  // Adam's
};

struct Outcome {
  std::vector<double> losses;
  std::map<std::string, Tensor> parameters;
};

struct Case {
  int64_t bucket_bytes;
  int micro_batches;  // of each rank; with `leaves`, ignored
  bool overlap;
  int64_t leaves = 0;  // of all ranks
};

/// The samples of micro-batch `m` of a rank.
Share samples_of(const Model& model, const Communicator& communicator, const Case& c, int m) {
  const int rank = communicator.rank(), size = communicator.size();
  if (c.leaves > 0) {
    const int leaves = static_cast<int>(c.leaves);
    return share_of(model.batch, rank * (leaves / size) + m, leaves);
  }
  const Share mine = share_of(model.batch, rank, size), part = share_of(mine.count, m, c.micro_batches);
  return {mine.first + part.first, part.count};
}

/// Trains on all ranks of the communicator: rank r takes its share of each global batch, cut into
/// micro-batches.
Outcome train(const Model& model, Communicator& communicator, const Case& c) {
  DataParallel parallel(*model.parameters, communicator, {c.bucket_bytes, c.overlap, c.leaves});
  if (communicator.rank() != 0) model.parameters->values().fill(7.0);  // rank 0's values count
  parallel.broadcast_parameters();
  const auto optimizer =
      make_optimizer("adamw", *model.parameters, {.epsilon = model.epsilon, .weight_decay = 0.1});
  const int micro_batches = c.leaves > 0 ? static_cast<int>(c.leaves) / communicator.size() : c.micro_batches;
  Outcome outcome;
  for (int64_t step = 0; step < steps; ++step) {
    double loss = 0.0;
    model.parameters->zero_gradients();
    for (int m = 0; m < micro_batches; ++m) {
      parallel.prepare(m == micro_batches - 1);
      const Share share = samples_of(model, communicator, c, m);
      if (share.count == 0) continue;
      const Variable part = model.loss(step, share.first, share.first + share.count);
      part.backward();
      loss += part.value().item();
    }
    parallel.finish();
    outcome.losses.push_back(communicator.all_reduce(loss, ReduceOp::sum));
    optimizer->step(0.01);
    parallel.check_replicas(step);
  }
  for (const Parameter& p : model.parameters->parameters())
    outcome.parameters[p.name] = model.parameters->value(p).to(DType::f64).clone();
  return outcome;
}

void expect_same(const Outcome& outcome, const Outcome& expected) {
  for (size_t i = 0; i < expected.losses.size(); ++i)
    EXPECT_NEAR(outcome.losses[i], expected.losses[i], 1e-5 * expected.losses[i]) << "in step " << i;
  double largest = 0.0;
  for (const auto& [name, value] : expected.parameters)
    largest = std::max(largest, max_difference(value, Tensor::zeros(value.shape(), DType::f64)));
  for (const auto& [name, value] : expected.parameters)
    EXPECT_LT(max_difference(outcome.parameters.at(name), value), 1e-5 * largest) << "in " << name;
}

/// What one rank alone comes to: rank 0 trains, and tells the others.
Outcome train_alone(const std::function<Model()>& make_model, const Case& c, Communicator& communicator) {
  Outcome outcome;
  if (communicator.rank() == 0) {
    outcome = train(make_model(), *make_single_communicator(), c);
  } else {
    const Model model = make_model();
    outcome.losses.resize(steps);
    for (const Parameter& p : model.parameters->parameters())
      outcome.parameters[p.name] = Tensor(model.parameters->value(p).shape(), DType::f64);
  }
  const Tensor losses({steps}, DType::f64);
  std::ranges::copy(outcome.losses, losses.data<double>());
  communicator.broadcast(losses, 0);
  outcome.losses.assign(losses.data<double>(), losses.data<double>() + steps);
  for (const auto& [name, value] : outcome.parameters) communicator.broadcast(value, 0);
  return outcome;
}

void expect_all_cases_train_as_on_one_rank(const std::function<Model()>& make_model,
                                           const std::vector<Case>& cases, Communicator& communicator) {
  const Outcome expected = train_alone(make_model, {1 << 30, 1, false}, communicator);
  EXPECT_LT(expected.losses.back(), 0.9 * expected.losses.front()) << "the training does nothing";
  for (const Case& c : cases) {
    SCOPED_TRACE(fmt::format("buckets of {} bytes, {} micro-batches, overlap {}", c.bucket_bytes,
                             c.micro_batches, c.overlap));
    expect_same(train(make_model(), communicator, c), expected);
  }
}

std::vector<Case> all_cases(const std::vector<int64_t>& bucket_sizes) {
  std::vector<Case> cases;
  for (const int64_t bucket_bytes : bucket_sizes)
    for (const int micro_batches : {1, 2, 3})
      for (const bool overlap : {true, false}) cases.push_back({bucket_bytes, micro_batches, overlap});
  return cases;
}

/// Batches of 13 samples, which no number of ranks divides evenly, or of 2.
Model make_classifier(int64_t batch) {
  const auto net = std::make_shared<Classifier>(std::vector<int64_t>{2, 9, 3}, 5, DType::f32);
  const Samples samples = make_blobs({50, 50, 50}, 2.0, 3);
  return {net, &net->parameters(), batch, [=](int64_t step, int64_t first, int64_t last) {
            std::vector<int64_t> numbers;
            for (int64_t i = first; i < last; ++i)
              numbers.push_back((step * batch + i) * 37 % samples.size());
            return net->loss(samples.pick(numbers), 1.0 / static_cast<double>(batch));
          }};
}

/// The gradients of the keys' biases are 0 but for rounding: softmax does not see what all scores share. Adam
/// divides by the gradient's own size and makes steps of that rounding. In f64 it drowns in epsilon; in f32
/// epsilon must be larger for that.
Model make_tiny_gpt(DType type) {
  struct Owner {
    explicit Owner(DType type)
        : backend(type == DType::f64 ? make_reference_backend() : make_cpu_backend(type)) {}
    std::unique_ptr<Backend> backend;
    Gpt gpt{GptConfig{.layers = 2, .heads = 2, .width = 8, .context = 6, .vocabulary = 11, .dropout = 0.1f},
            *backend, 5};
  };
  const auto owner = std::make_shared<Owner>(type);
  constexpr int64_t batch = 7, length = 6;
  return {
      owner, &owner->gpt.parameters(), batch,
      [=](int64_t step, int64_t first, int64_t last) {
        // The next token is the one before plus 3: something to learn.
        const Tensor tokens({last - first, length}, DType::i32), targets(tokens.shape(), DType::i32);
        for (int64_t b = first; b < last; ++b)
          for (int64_t t = 0; t < length; ++t) {
            tokens.at<int32_t>({b - first, t}) = static_cast<int32_t>((step * 5 + b * 2 + t * 3) % 11);
            targets.at<int32_t>({b - first, t}) = static_cast<int32_t>((step * 5 + b * 2 + t * 3 + 3) % 11);
          }
        const Pass pass{
            .training = true, .seed = 1, .step = static_cast<uint64_t>(step), .first_sample = first};
        return owner->gpt.loss(tokens, targets, 1.0 / (batch * length), pass);
      },
      type == DType::f64 ? 1e-8 : 1e-5};
}

}  // namespace

void expect_classifier_trains_as_on_one_rank(Communicator& communicator) {
  // From one element in a bucket to all in one.
  expect_all_cases_train_as_on_one_rank([] { return make_classifier(13); }, all_cases({4, 44, 200, 1 << 20}),
                                        communicator);
}

void expect_gpt_trains_as_on_one_rank(Communicator& communicator) {
  expect_all_cases_train_as_on_one_rank([] { return make_tiny_gpt(DType::f64); }, all_cases({1000}),
                                        communicator);
  expect_all_cases_train_as_on_one_rank([] { return make_tiny_gpt(DType::f32); }, all_cases({1 << 20}),
                                        communicator);
}

void expect_ranks_without_samples_change_nothing(Communicator& communicator) {
  expect_all_cases_train_as_on_one_rank([] { return make_classifier(2); }, all_cases({44}), communicator);
}

namespace {

bool same_bits(const Outcome& a, const Outcome& b) {
  return std::all_of(a.parameters.begin(), a.parameters.end(), [&](const auto& entry) {
    const Tensor& other = b.parameters.at(entry.first);
    return std::memcmp(entry.second.bytes_data(), other.bytes_data(), static_cast<size_t>(other.bytes())) ==
           0;
  });
}

void expect_bits_of_one_rank(const std::function<Model()>& make_model, Communicator& communicator) {
  const int64_t leaves = std::max(4, communicator.size());
  const Outcome expected = train_alone(make_model, {1 << 30, 1, true, leaves}, communicator);
  for (const int64_t bucket_bytes : {404, 1 << 20})
    for (const bool overlap : {true, false}) {
      SCOPED_TRACE(fmt::format("buckets of {} bytes, overlap {}", bucket_bytes, overlap));
      EXPECT_TRUE(same_bits(train(make_model(), communicator, {bucket_bytes, 1, overlap, leaves}), expected));
    }
  // Another tree adds in another order. Should its bits be the same, the comparison would say nothing.
  EXPECT_FALSE(same_bits(train_alone(make_model, {404, 1, true, leaves / 2}, communicator), expected));
}

}  // namespace

void expect_bits_do_not_depend_on_the_ranks(Communicator& communicator) {
  expect_bits_of_one_rank([] { return make_classifier(13); }, communicator);
  expect_bits_of_one_rank([] { return make_tiny_gpt(DType::f32); }, communicator);
  expect_bits_of_one_rank([] { return make_tiny_gpt(DType::bf16); }, communicator);
}

void expect_divergence_is_named(Communicator& communicator) {
  Classifier net({2, 9, 3}, 5);
  DataParallel parallel(net.parameters(), communicator);
  parallel.check_replicas(41);
  if (communicator.size() == 1) return;
  const int last = communicator.size() - 1;
  const Tensor bias = net.parameters().value(net.parameters().parameter("layer.0.bias"));
  if (communicator.rank() == last) bias.at<double>({4}) += 1e-15;
  try {
    parallel.check_replicas(42);
    ADD_FAILURE() << "a divergence in the last bit was not seen";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              fmt::format("the replicas have diverged at step 42: parameter layer.0.bias of rank {} differs "
                          "from that of rank 0",
                          last));
  }
  communicator.barrier();
}

}  // namespace gpt
