#include "16_trainer/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "03_optimizers/clipping.hpp"
#include "11_ddp/backward_parts.hpp"

namespace gpt {
namespace {

constexpr double bytes_per_megabyte = 1 << 20;

DataParallelOptions parallel_options(const TrainConfig& config) {
  DataParallelOptions options;
  options.bucket_bytes = static_cast<int64_t>(config.bucket_mb * bytes_per_megabyte);
  options.overlap = config.overlap == "on";
  return options;
}

}  // namespace

Schedule make_schedule(const TrainConfig& c) {
  const int64_t warmup = std::min(c.warmup, c.steps);
  if (c.schedule == "cosine") return cosine_schedule(c.lr, c.min_lr, warmup, c.steps);
  if (c.schedule == "linear") return linear_schedule(c.lr, c.min_lr, warmup, c.steps);
  if (c.schedule == "step")  // three stairs down to the smallest rate
    return step_schedule(c.lr, c.lr > 0 ? std::pow(c.min_lr / c.lr, 1.0 / 3) : 1.0,
                         std::max<int64_t>(1, c.steps / 4));
  return constant_schedule(c.lr);
}

bool StepResult::finite() const {
  return std::isfinite(loss) && std::isfinite(grad_norm);
}

Trainer::Trainer(const TrainConfig& config, const GptConfig& shape, Backend& backend,
                 Communicator& communicator, Trace& trace)
    : config_(config),
      communicator_(communicator),
      trace_(trace),
      model_(shape, backend, config.seed),
      optimizer_(model_.parameters(), backend),
      parallel_(model_.parameters(), communicator, parallel_options(config)),
      schedule_(make_schedule(config)) {
  parallel_.broadcast_parameters();
}

// [forward_backward]
/// Leaves the gradient of the global batch's mean loss in the arena, and returns this rank's part of that
/// loss.
double Trainer::forward_backward(const DataLoader& data, int64_t number) {
  const Share share = share_of(data.global_batch(), communicator_.rank(), communicator_.size());
  const int64_t micro_batch = config_.micro_batch > 0 ? config_.micro_batch : share.count;
  const double scale = 1.0 / static_cast<double>(data.global_batch() * data.context());
  double loss_sum = 0;
  backward_ = {};
  if (share.count == 0) parallel_.prepare(true);
  model_.backend().fill(model_.parameters().gradients(), 0.0);
  for (int64_t done = 0; done < share.count; done += micro_batch) {
    const int64_t rows = std::min(micro_batch, share.count - done);
    const Batch batch = [&] {
      const Trace::Span span = trace_.span("data");
      return data.batch(number, share.first + done, rows);
    }();
    parallel_.prepare(done + rows == share.count);  // only the last micro-batch sends its gradients
    const Variable loss = [&] {
      const Trace::Span span = trace_.span("forward");
      return model_.loss(batch.inputs, batch.targets, scale,
                         {.training = true,
                          .seed = config_.seed,
                          .step = static_cast<uint64_t>(number),
                          .first_sample = share.first + done});
    }();
    backward(loss);
    loss_sum += loss.value().item();
  }
  average_gradients(number);
  return loss_sum;
}
// [/forward_backward]

void Trainer::backward(const Variable& loss) {
  Trace::Span span = trace_.span("backward");
  loss.backward();
  backward_ = span.end();
  if (!trace_.recording()) return;
  for (BackwardPart& part : backward_parts(model_.parameters(), backward_, parallel_.ready_times()))
    trace_.add({"main", std::move(part.name), part.interval});
}

void Trainer::average_gradients(int64_t number) {
  {
    const Trace::Span span = trace_.span("wait for gradients");
    parallel_.finish();
  }
  if (!trace_.recording()) return;
  for (size_t b = 0; b < parallel_.plan().buckets.size(); ++b) {
    const Bucket& bucket = parallel_.plan().buckets[b];
    const int64_t bytes = (bucket.to - bucket.from) * size_of(model_.parameters().gradients().dtype());
    trace_.add({"communication",
                fmt::format("bucket {}", b),
                parallel_.bucket_intervals()[b],
                {{"step", number + 1}, {"bucket", static_cast<int64_t>(b)}, {"bytes", bytes}}});
  }
}

// [step]
StepResult Trainer::step(const DataLoader& data, int64_t number, Wish wish) {
  const auto start = std::chrono::steady_clock::now();
  const Trace::Span whole = trace_.span(fmt::format("step {}", number + 1));
  Backend& backend = model_.backend();
  StepResult result;
  const double loss = forward_backward(data, number);

  // One more word to the other ranks: my part of the loss, and whether anybody wants to stop.
  const std::vector<double> mine{loss, wish == Wish::stop ? 1.0 : 0.0, wish == Wish::give_up ? 1.0 : 0.0};
  const Tensor votes = Tensor::from(mine, {3});
  communicator_.all_reduce(votes, ReduceOp::sum);
  result.loss = votes.at<double>({0});
  if (votes.at<double>({1}) > 0) result.wish = Wish::stop;
  if (votes.at<double>({2}) > 0) result.wish = Wish::give_up;

  const Trace::Span span = trace_.span("optimizer");
  result.lr = schedule_(number);
  result.grad_norm = std::sqrt(backend.sum_of_squares(model_.parameters().gradients()));
  if (result.finite())
    optimizer_.step({.learning_rate = result.lr,
                     .beta1 = config_.beta1,
                     .beta2 = config_.beta2,
                     .epsilon = config_.epsilon,
                     .weight_decay = config_.weight_decay,
                     .gradient_scale = config_.clip > 0 ? clip_factor(result.grad_norm, config_.clip) : 1.0,
                     .step = number + 1});
  backend.synchronize();
  result.communication_seconds = parallel_.communication_seconds();
  result.communication = hidden_behind(backward_, parallel_.bucket_intervals());
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}
// [/step]

}  // namespace gpt
