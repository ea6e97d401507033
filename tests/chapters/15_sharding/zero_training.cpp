#include "zero_training.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "01_tensors/philox.hpp"
#include "03_optimizers/clipping.hpp"
#include "11_ddp/data_parallel.hpp"
#include "15_sharding/zero.hpp"

namespace gpt {
namespace {

constexpr GptConfig shape{.layers = 3, .heads = 2, .width = 32, .context = 16, .vocabulary = 40};
constexpr int64_t alignment = 16;  // so small a model would lie in a few pages

Tensor tokens_of(int64_t step, int64_t first, int64_t rows, int64_t shift) {
  const Tensor tokens({rows, shape.context}, DType::i32);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t t = 0; t < shape.context; ++t)
      tokens.at<int32_t>({r, t}) = static_cast<int32_t>(
          ((step * 5 + first + r) * 7 + (t + shift) * (t + shift) * 3) % shape.vocabulary);
  return tokens;
}

}  // namespace

Trained train_with_zero(const ZeroCase& c, Communicator& communicator) {
  const auto backend = make_cpu_backend(c.compute);
  GptConfig config = shape;
  config.dropout = c.dropout;
  Gpt model(config, *backend, 3, zero_buffers(c.stage), zero_buffers(c.stage));
  const ParameterStore& store = model.parameters();
  std::unique_ptr<Zero> zero;
  if (c.stage > 0) zero = std::make_unique<Zero>(c.stage, model, communicator, alignment);
  const ShardedAdamW whole(store, *backend, Partition(layer_ends(store), 1), 0);  // for stage 0
  DataParallelOptions options{.bucket_bytes = 10000};
  options.leaves = c.leaves;
  if (zero) options.bucket_ends = zero->buckets();
  DataParallel parallel(model.parameters(), communicator, options, zero ? zero->make_reducer() : nullptr);
  parallel.broadcast_parameters();
  if (zero) zero->give_back_parameters();

  const int rank = communicator.rank(), size = communicator.size();
  Trained trained;
  for (int64_t step = 0; step < c.steps; ++step) {
    if (zero)
      zero->clear_gradients();
    else
      backend->fill(store.gradients(), 0.0);
    double loss = 0;
    const int64_t parts = c.micro_batches * size;
    for (int64_t part = rank * c.micro_batches; part < (rank + 1) * c.micro_batches; ++part) {
      const int64_t first = c.batch * part / parts, rows = c.batch * (part + 1) / parts - first;
      parallel.prepare(part + 1 == (rank + 1) * c.micro_batches);
      if (rows == 0) {
        if (zero) zero->empty_pass();
        continue;
      }
      const double scale = 1.0 / static_cast<double>(c.batch * shape.context);
      const Pass pass{
          .training = true, .seed = 1, .step = static_cast<uint64_t>(step), .first_sample = first};
      const Variable result =
          model.loss(tokens_of(step, first, rows, 0), tokens_of(step, first, rows, 1), scale, pass);
      result.backward();
      if (zero) zero->end_pass();
      loss += result.value().item();
    }
    parallel.finish();
    trained.losses.push_back(communicator.all_reduce(loss, ReduceOp::sum));
    const double norm = zero ? zero->gradient_norm() : std::sqrt(backend->sum_of_squares(store.gradients()));
    const AdamWStep numbers{.learning_rate = 3e-3,
                            .weight_decay = 0.1,
                            .gradient_scale = clip_factor(norm, 0.5),
                            .step = step + 1};
    if (zero)
      zero->step(numbers);
    else
      whole.step(numbers);
  }
  if (zero) zero->gather_parameters();
  const auto values = store.values().span<float>();
  trained.parameters.assign(values.begin(), values.end());
  return trained;
}

void expect_all_stages_equal(ZeroCase c, Communicator& communicator) {
  const int p = communicator.size();
  const bool tree = p != 3;
  if (tree) c.leaves = p * c.micro_batches;
  c.stage = 0;
  const Trained plain = train_with_zero(c, communicator);
  EXPECT_TRUE(c.steps < 10 || plain.losses.back() < plain.losses.front());  // each step has other rows
  for (c.stage = 1; c.stage <= 3; ++c.stage) {
    SCOPED_TRACE("stage " + std::to_string(c.stage));
    const Trained sharded = train_with_zero(c, communicator);
    if (tree) {
      EXPECT_EQ(sharded.losses, plain.losses);
      EXPECT_TRUE(sharded.parameters == plain.parameters);
      continue;
    }
    for (size_t i = 0; i < plain.losses.size(); ++i)
      EXPECT_NEAR(sharded.losses[i], plain.losses[i], 1e-4 * plain.losses[i]);
    double squares = 0, differences = 0;
    for (size_t i = 0; i < plain.parameters.size(); ++i) {
      squares += std::pow(plain.parameters[i], 2);
      differences += std::pow(sharded.parameters[i] - plain.parameters[i], 2);
    }
    EXPECT_LT(std::sqrt(differences / squares), 1e-3);
  }
}

}  // namespace gpt
