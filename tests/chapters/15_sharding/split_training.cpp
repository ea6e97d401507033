#include "tests/chapters/15_sharding/split_training.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "01_tensors/elementwise.hpp"
#include "03_optimizers/clipping.hpp"
#include "11_ddp/data_parallel.hpp"
#include "15_sharding/pipeline.hpp"
#include "15_sharding/shared_optimizer.hpp"
#include "15_sharding/shared_weights.hpp"

namespace gpt {
namespace {

constexpr int steps = 10;
constexpr int64_t batch = 8, length = 6, vocabulary = 11;
constexpr double max_norm = 0.5;
const GptConfig config{
    .layers = 4, .heads = 4, .width = 8, .context = 6, .vocabulary = vocabulary, .dropout = 0.1f};

std::unique_ptr<Backend> make_backend(DType type) {
  return type == DType::f64 ? make_reference_backend() : make_cpu_backend(type);
}

/// In f32 the gradients that are 0 but for rounding (of the keys' biases) must drown in epsilon.
AdamWStep numbers_of(DType type, int64_t step) {
  return {.learning_rate = 0.01,
          .epsilon = type == DType::f64 ? 1e-8 : 1e-5,
          .weight_decay = 0.1,
          .step = step + 1};
}

/// The next token is the one before plus 3. The rows first … last-1 of the batch of a step; a few targets are
/// not counted.
std::pair<Tensor, Tensor> samples(int64_t step, int64_t first, int64_t last) {
  const Tensor tokens({last - first, length}, DType::i32), targets(tokens.shape(), DType::i32);
  for (int64_t b = first; b < last; ++b)
    for (int64_t t = 0; t < length; ++t) {
      const int64_t token = step * 5 + b * 2 + t * 3;
      tokens.at<int32_t>({b - first, t}) = static_cast<int32_t>(token % vocabulary);
      targets.at<int32_t>({b - first, t}) =
          (b + t) % 7 == 0 ? -1 : static_cast<int32_t>((token + 3) % vocabulary);
    }
  return {tokens, targets};
}

struct Outcome {
  std::vector<double> losses, norms;
  std::map<std::string, Tensor> parameters;
};

Pass pass_of(int64_t step, int64_t first_sample) {
  return {.training = true, .seed = 1, .step = static_cast<uint64_t>(step), .first_sample = first_sample};
}

Outcome train_whole(DType type) {
  const auto backend = make_backend(type);
  Gpt model(config, *backend, 5);
  ParameterStore& store = model.parameters();
  const Tensor m = Tensor::zeros({store.size()}, backend->sum_type()), v = m.clone();
  Outcome outcome;
  for (int64_t step = 0; step < steps; ++step) {
    const auto [tokens, targets] = samples(step, 0, batch);
    store.zero_gradients();
    const Variable loss = model.loss(tokens, targets, 1.0 / (batch * length), pass_of(step, 0));
    loss.backward();
    outcome.losses.push_back(loss.value().item());
    outcome.norms.push_back(clip_gradients(store.gradients(), max_norm));
    for (const Parameter& p : store.parameters()) {
      AdamWStep numbers = numbers_of(type, step);
      if (!p.decay) numbers.weight_decay = 0;
      const auto part = [&](const Tensor& row) { return row.slice(0, p.offset, p.offset + p.elements); };
      backend->adamw(part(store.values()), part(store.gradients()), part(m), part(v), {}, numbers);
    }
  }
  for (const Parameter& p : store.parameters())
    outcome.parameters[p.name] = store.value(p).to(DType::f64).clone();
  return outcome;
}

/// This rank's part of the outcome: the parameters of its stage.
Outcome train_split(Communicator& communicator, const Layout& layout, DType type) {
  const int rank = communicator.rank(), t = rank % layout.tensor;
  const int stage = rank / layout.tensor % layout.stages, share = rank / (layout.tensor * layout.stages);
  const auto group = communicator.split(share * layout.stages + stage, t);
  const auto stages = communicator.split(share * layout.tensor + t, stage);
  const auto data = communicator.split(stage * layout.tensor + t, share);
  const auto backend = make_backend(type);
  const auto sharing =
      std::make_shared<TensorSharing>(config, *group, layers_of_stage(config, stage, layout.stages));
  Gpt model(config, *backend, 5, nullptr, nullptr, sharing);
  Pipeline pipeline(model, *sharing, *stages, layout.order);
  SharedOptimizer optimizer(model, *sharing, stages.get());
  // The pipeline adds up the token table's gradient at its end: with stages, sum over the data after that.
  DataParallel parallel(model.parameters(), *data,
                        {.bucket_bytes = 2000, .overlap = layout.stages == 1 && layout.micro_batches == 1});
  Outcome outcome;
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t rows = batch / layout.data, first = share * rows;
    const auto [tokens, targets] = samples(step, first, first + rows);
    model.parameters().zero_gradients();
    double loss = 0;
    parallel.prepare(true);
    if (layout.stages == 1 && layout.micro_batches == 1) {
      const Variable part = model.loss(tokens, targets, 1.0 / (batch * length), pass_of(step, first));
      part.backward();
      loss = part.value().item();
    } else {
      loss =
          pipeline.run(tokens, targets, layout.micro_batches, 1.0 / (batch * length), pass_of(step, first));
      EXPECT_EQ(pipeline.most_held(), most_held(layout.order(stage, layout.stages, layout.micro_batches)));
    }
    parallel.finish();
    outcome.losses.push_back(data->all_reduce(loss, ReduceOp::sum));
    outcome.norms.push_back(optimizer.step(numbers_of(type, step), max_norm));
  }
  for (const Parameter& p : model.parameters().parameters())
    outcome.parameters[p.name] = whole_of(*sharing, p, model.parameters().values()).to(DType::f64);

  // What all ranks of the group have must be the same on all, bit for bit.
  for (const Parameter& p : model.parameters().parameters()) {
    if (cut_of(p.name).shared_out()) continue;
    const Tensor mine = model.parameters().value(p), of_first = mine.clone();
    group->broadcast(of_first, 0);
    EXPECT_EQ(std::memcmp(mine.bytes_data(), of_first.bytes_data(), static_cast<size_t>(mine.bytes())), 0)
        << p.name << " is no longer the same on all ranks of the group";
  }
  return outcome;
}

void expect_same(const Outcome& split, const Outcome& whole, double tolerance) {
  for (size_t i = 0; i < steps; ++i) {
    EXPECT_NEAR(split.losses[i], whole.losses[i], tolerance * whole.losses[i]) << "loss in step " << i;
    EXPECT_NEAR(split.norms[i], whole.norms[i], tolerance * whole.norms[i]) << "norm in step " << i;
  }
  for (const auto& [name, value] : split.parameters)
    EXPECT_LT(max_difference(value, whole.parameters.at(name)), tolerance) << "in " << name;
}

}  // namespace

void expect_trains_as_a_whole_model(Communicator& communicator, const Layout& layout, DType type) {
  ASSERT_EQ(communicator.size(), layout.ranks());
  SCOPED_TRACE(fmt::format("tensor {}, stages {}, data {}, {} micro-batches, {}", layout.tensor,
                           layout.stages, layout.data, layout.micro_batches, type));
  const Outcome whole = train_whole(type);
  EXPECT_LT(whole.losses.back(), 0.95 * whole.losses.front()) << "the training does nothing";
  EXPECT_GT(whole.norms.front(), max_norm) << "nothing is clipped";
  expect_same(train_split(communicator, layout, type), whole, type == DType::f64 ? 1e-9 : 3e-5);
}

std::vector<Layout> layouts_for(int ranks) {
  if (ranks == 1) return {{}, {.micro_batches = 2}};
  if (ranks == 2)
    return {{.tensor = 2}, {.stages = 2, .micro_batches = 4}, {.stages = 2, .micro_batches = 1}};
  if (ranks == 3) return {{.stages = 3, .micro_batches = 4}, {.stages = 3, .micro_batches = 2}};
  return {{.tensor = 2, .data = 2},
          {.stages = 4, .micro_batches = 8},
          {.tensor = 4},
          {.stages = 4, .micro_batches = 2, .order = all_then_all},
          {.tensor = 2, .stages = 2, .micro_batches = 4},
          {.stages = 2, .data = 2, .micro_batches = 2}};
}

}  // namespace gpt
