#include "15_sharding/zero_study.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "01_tensors/elementwise.hpp"
#include "03_optimizers/clipping.hpp"
#include "05_gpt/walrus.hpp"
#include "11_ddp/data_parallel.hpp"
#include "13_compression/wire_counter.hpp"
#include "15_sharding/paged_memory.hpp"
#include "15_sharding/zero.hpp"

namespace gpt {
namespace {

constexpr int64_t rows_of_a_rank = 2;

Tensor walrus_rows(int64_t first, int64_t shift, int64_t context) {
  const Tensor tokens({rows_of_a_rank, context}, DType::i32);
  for (int64_t r = 0; r < rows_of_a_rank; ++r)
    for (int64_t t = 0; t < context; ++t) {
      const auto at = static_cast<size_t>((first + r) * 31 + shift + t) % walrus.size();
      tokens.at<int32_t>({r, t}) = static_cast<unsigned char>(walrus[at]);
    }
  return tokens;
}

// [held_back]
/// Plays a network that just keeps up: a bucket is sent when the next one is complete, and has been given
/// back before the one after that is. So the most that can be held is held, in every run.
class HeldBack final : public GradientReducer {
 public:
  /// Calls `look` when a bucket is complete and the one before it is still here.
  HeldBack(std::unique_ptr<GradientReducer> reducer, std::function<void()> look)
      : reducer_(std::move(reducer)), look_(std::move(look)) {}

  void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) override {
    reducer_->arrange(parameters, plan, gradients);
  }

  std::unique_ptr<Work> start(size_t bucket, const Tensor& gradients) override {
    if (bucket == 0) last_ = before_last_ = nullptr;  // of the step before
    if (before_last_) before_last_->wait();
    look_();
    if (last_) last_->send();
    auto held = std::make_unique<Held>(*reducer_, bucket, gradients);
    before_last_ = std::exchange(last_, held.get());
    return held;
  }

 private:
  class Held final : public Work {
   public:
    Held(GradientReducer& reducer, size_t bucket, Tensor gradients)
        : reducer_(reducer), bucket_(bucket), gradients_(std::move(gradients)) {}
    void send() {
      if (!work_) work_ = reducer_.start(bucket_, gradients_);
    }
    void wait() override {
      send();
      work_->wait();
    }
    Interval interval() const override { return work_->interval(); }

   private:
    GradientReducer& reducer_;
    size_t bucket_;
    Tensor gradients_;
    std::unique_ptr<Work> work_;
  };

  std::unique_ptr<GradientReducer> reducer_;
  std::function<void()> look_;
  Held *last_ = nullptr, *before_last_ = nullptr;  // whoever called start() has them until the next step
};
// [/held_back]

double resident(const Tensor& buffer) {
  return buffer.defined() ? static_cast<double>(resident_bytes(buffer)) : 0.0;
}

}  // namespace

GptConfig study_shape() {
  return {.layers = 4, .heads = 4, .width = 224, .context = 64, .vocabulary = 256};
}

ZeroMeasurement measure_zero(int stage, Communicator& ranks, const GptConfig& shape, int64_t steps) {
  const auto counter = std::make_shared<WireCounter>();
  CountingCommunicator communicator(ranks, counter);
  const auto alone = make_single_communicator();
  const auto backend = make_cpu_backend();
  Gpt model(shape, *backend, 1, paged_zeros, paged_zeros);
  const ParameterStore& store = model.parameters();
  // Stage 0: each rank is alone with all moments, in the same kind of buffers as the others.
  Zero zero = stage == 0 ? Zero(1, model, *alone) : Zero(stage, model, communicator);
  const Partition partition(zero.buckets(), ranks.size());
  ZeroMeasurement seen;
  seen.planned = held_bytes(stage, store.size(), ranks.size());
  seen.planned_peak = peak_bytes(stage, partition, ranks.rank());
  seen.planned_sent = sent_bytes(stage, partition, ranks.rank());
  bool look = false;  // in the last step
  const auto look_around = [&] {
    if (!look || ranks.rank() != ranks.size() / 4) return;  // to look takes time
    seen.peak.parameters = std::max(seen.peak.parameters, resident(store.values()));
    seen.peak.gradients = std::max(seen.peak.gradients, resident(store.gradients()));
  };
  DataParallelOptions options;
  options.bucket_ends = zero.buckets();
  DataParallel parallel(model.parameters(), communicator, options,
                        stage == 0 ? nullptr : std::make_unique<HeldBack>(zero.make_reducer(), look_around));
  parallel.broadcast_parameters();
  zero.give_back_parameters();
  model.on_layer([&, gatherer = model.layer_hook()](int64_t layer) {
    zero.await_fetched();  // this layer; the one before is still here, too
    look_around();
    if (gatherer) gatherer(layer);
  });

  const double scale = 1.0 / static_cast<double>(rows_of_a_rank * ranks.size() * shape.context);
  for (int64_t step = 0; step < steps; ++step) {
    look = step + 1 == steps;
    const int64_t first = (step * ranks.size() + ranks.rank()) * rows_of_a_rank,
                  sent_before = counter->bytes();
    zero.clear_gradients();
    parallel.prepare(true);
    const Variable loss = model.loss(walrus_rows(first, 0, shape.context),
                                     walrus_rows(first, 1, shape.context), scale, {.training = true});
    loss.backward();
    zero.end_pass();
    parallel.finish();
    seen.sent = counter->bytes() - sent_before;
    const double mean = ranks.all_reduce(loss.value().item(), ReduceOp::sum);
    const double norm = zero.gradient_norm();
    const int64_t sent_for_norm = counter->bytes() - sent_before - seen.sent;
    zero.step({.learning_rate = 1e-3, .gradient_scale = clip_factor(norm, 1.0), .step = step + 1});
    seen.sent = counter->bytes() - sent_before - sent_for_norm;
    seen.loss = mean;
  }
  seen.held = {resident(store.values()), resident(store.gradients()),
               resident(zero.optimizer().m()) + resident(zero.optimizer().v())};
  seen.peak.moments = seen.held.moments;
  look = false;
  zero.gather_parameters();
  for (const float x : store.values().span<float>()) seen.checksum += x;
  return seen;
}

}  // namespace gpt
