#include "16_trainer/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "03_optimizers/clipping.hpp"
#include "11_ddp/backward_parts.hpp"
#include "11_ddp/bucket_measurement.hpp"
#include "13_compression/make_compression.hpp"
#include "13_compression/momentum.hpp"
#include "15_sharding/shared_optimizer.hpp"
#include "15_sharding/shared_weights.hpp"

namespace gpt {
namespace {

/// On the host, the gradients lie where the communicator sums them fastest.
MakeBuffer gradients_near(Communicator& communicator, const Backend& backend, const TrainConfig& config) {
  const int64_t zero = config.zero;
  GPT_REQUIRE(config.tp == 1 || backend.device() == Device::cpu,
              "--tp {} computes in the host's memory: choose --device cpu", config.tp);
  GPT_REQUIRE(zero == 0 || backend.device() == Device::cpu,
              "--zero {} gives pages of the host's memory back: choose --device cpu", zero);
  if (zero > 0) return zero_buffers(static_cast<int>(zero));
  if (config.local_sgd > 0 || config.servers > 0 || backend.allocator()->device() != Device::cpu)
    return nullptr;
  return [&communicator](const Shape& shape, DType type) { return communicator.zeros(shape, type); };
}

}  // namespace

bool StepResult::finite() const {
  return std::isfinite(loss) && std::isfinite(grad_norm);
}

Trainer::Trainer(const TrainConfig& config, const GptConfig& shape, Backend& backend,
                 Communicator& communicator, Trace& trace)
    : config_(config),
      communicator_(communicator),
      groups_(communicator, config.tp),
      counted_(groups_.data(), sent_),
      counted_model_(groups_.model() ? std::make_unique<CountingCommunicator>(*groups_.model(), sent_)
                                     : nullptr),
      sharing_(counted_model_ ? std::make_shared<TensorSharing>(shape, *counted_model_) : nullptr),
      trace_(trace),
      model_(shape, backend, config.seed, gradients_near(groups_.data(), backend, config),
             zero_buffers(static_cast<int>(config.zero)), sharing_),
      zero_(config.zero == 0 ? nullptr
                             : std::make_unique<Zero>(static_cast<int>(config.zero), model_, counted_)),
      optimizer_(zero_ || config.servers > 0 ? nullptr
                                             : std::make_unique<AdamW>(model_.parameters(), backend)),
      alone_(config.local_sgd > 0 || config.servers > 0 ? make_single_communicator() : nullptr),
      parallel_(model_.parameters(), alone_ ? *alone_ : static_cast<Communicator&>(counted_),
                parallel_options(), make_reducer()),
      schedule_(make_schedule(config)),
      graphs_(config.cuda_graph == "on" ? std::make_unique<GraphedPasses>(model_) : nullptr) {
  broadcast_parameters(model_.parameters(), counted_);
  if (zero_) zero_->give_back_parameters();
}

DataParallelOptions Trainer::parallel_options() const {
  DataParallelOptions options;
  options.bucket_bytes = config_.bucket_bytes().value_or(options.bucket_bytes);
  if (config_.reproducible) options.leaves = config_.leaves;
  options.overlap = config_.overlap == "on";
  if (zero_) options.bucket_ends = zero_->buckets();
  return options;
}

int64_t Trainer::moment_bytes() const {
  return zero_ ? zero_->optimizer().m().bytes() + zero_->optimizer().v().bytes()
               : optimizer_->m().bytes() + optimizer_->v().bytes();
}

void Trainer::clear_gradients() {
  if (zero_)
    zero_->clear_gradients();
  else
    model_.backend().fill(model_.parameters().gradients(), 0.0);
}

double Trainer::gradient_norm() const {
  if (zero_) return zero_->gradient_norm();
  if (sharing_) return shared_gradient_norm(model_, *sharing_);
  return std::sqrt(model_.backend().sum_of_squares(model_.parameters().gradients()));
}

void Trainer::check_replicas(int64_t step) {
  gpt::check_replicas(model_.parameters(), groups_.data(), step);
  if (sharing_) check_what_all_have(*sharing_, model_.parameters(), step);
}

std::unique_ptr<GradientReducer> Trainer::make_reducer() {
  if (zero_) return zero_->make_reducer();
  auto compression = make_compression(
      config_.compress, {.seed = config_.seed, .warmup = config_.compress_warmup, .beta1 = config_.beta1});
  if (!compression) return nullptr;
  // To itself a rank sends nothing; but what the ranks before it had yet to send must go on.
  if (communicator_.size() == 1 && compression->state().empty()) return nullptr;
  auto reducer = std::make_unique<CompressingReducer>(counted_, std::move(compression));
  compressing_ = reducer.get();
  return reducer;
}

// [micro_batches]
std::vector<Share> micro_batches(const TrainConfig& config, int64_t batch, int rank, int ranks) {
  std::vector<Share> parts;
  if (config.reproducible) {
    const int leaves = static_cast<int>(config.leaves), mine = leaves / ranks;
    for (int leaf = rank * mine; leaf < (rank + 1) * mine; ++leaf)
      parts.push_back(share_of(batch, leaf, leaves));
    return parts;
  }
  const Share share = share_of(batch, rank, ranks);
  const int64_t most = config.micro_batch > 0 ? config.micro_batch : std::max<int64_t>(1, share.count);
  for (int64_t done = 0; done < share.count || parts.empty(); done += most)
    parts.push_back({share.first + done, std::min(most, share.count - done)});
  // Every pass of one rank needs the layers of all others.
  const int64_t longest = (batch + ranks - 1) / ranks;
  const auto passes = static_cast<size_t>(config.micro_batch > 0 ? (longest + most - 1) / most : 1);
  while (config.zero == 3 && parts.size() < passes) parts.push_back({share.first + share.count, 0});
  return parts;
}
// [/micro_batches]

// [forward_backward]
/// Leaves the gradient of the global batch's mean loss in the arena, and returns this rank's part of that
/// loss. With --local-sgd or --servers the batch is the rank's own share, and the others have no part in it.
double Trainer::forward_backward(const DataLoader& data, int64_t number) {
  const std::vector<Share> parts =
      micro_batches(config_, data.global_batch(), groups_.data().rank(), groups_.data().size());
  const int64_t batch_rows =
      alone_ ? share_of(data.global_batch(), communicator_.rank(), communicator_.size()).count
             : data.global_batch();
  const double scale = 1.0 / static_cast<double>(batch_rows * data.context());
  std::vector<double> losses;
  backward_ = {};
  clear_gradients();
  for (size_t part = 0; part < parts.size(); ++part) {
    const Share& rows = parts[part];
    parallel_.prepare(part + 1 == parts.size());  // only the last micro-batch sends its gradients
    losses.push_back(0.0);
    if (rows.count == 0) {
      if (zero_) zero_->empty_pass();
      continue;
    }
    const Batch batch = [&] {
      const Trace::Span span = trace_.span("data");
      return data.batch(number, rows.first, rows.count);
    }();
    if (graphs_ && !(part + 1 == parts.size() && parallel_.overlaps())) {
      losses.back() = graphed(batch, scale);
      continue;
    }
    const Variable loss = [&] {
      const Trace::Span span = trace_.span("forward");
      return model_.loss(batch.inputs, batch.targets, scale,
                         {.training = true,
                          .seed = config_.seed,
                          .step = static_cast<uint64_t>(number),
                          .first_sample = rows.first});
    }();
    backward(loss);
    losses.back() = loss.value().item();
  }
  average_gradients(number);
  return tree_sum(losses);
}
// [/forward_backward]

// [graphed]
double Trainer::graphed(const Batch& batch, double scale) {
  Trace::Span span = trace_.span("forward and backward");
  const double loss = graphs_->run(batch.inputs, batch.targets, scale);
  backward_ = span.end();
  return loss;
}
// [/graphed]

// [buckets]
int64_t Trainer::measure_bucket_bytes(const DataLoader& data) {
  const ParameterStore& parameters = model_.parameters();
  const auto& there = parameters.gradients().allocator();
  Communicator& sums = groups_.data();
  const auto measured = measure_all_reduces(sums, parameters.gradients().bytes(),
                                            sums.takes(there->device()) ? there : host_allocator());
  const std::vector<Share> parts = micro_batches(config_, data.global_batch(), sums.rank(), sums.size());
  const auto rows = std::find_if(parts.begin(), parts.end(), [](const Share& s) { return s.count > 0; });
  const Tensor ready = Tensor::zeros({static_cast<int64_t>(parameters.parameters().size())}, DType::f64);
  for (int pass = 0; pass < 2 && rows != parts.end(); ++pass) {  // the first one warms the caches up
    const Batch batch = data.batch(0, rows->first, rows->count);
    backward(model_.loss(batch.inputs, batch.targets, 1.0, {.training = true, .seed = config_.seed}));
    for (size_t p = 0; p < parameters.parameters().size(); ++p)
      ready.data<double>()[p] = Interval{backward_.start, parallel_.ready_times()[p]}.seconds();
  }
  sums.broadcast(ready, 0);
  std::vector<int64_t> candidates;
  for (int64_t bytes = 256 << 10; candidates.empty() || bytes / 2 < parameters.gradients().bytes();
       bytes *= 2)
    candidates.push_back(bytes);
  const std::span<double> times = ready.span<double>();
  const int64_t mine = choose_bucket_bytes(parameters, candidates, {times.begin(), times.end()}, measured);
  // Ranks with other shares of a model have measured other times.
  return std::stoll(communicator_.broadcast(std::to_string(mine), 0));
}
// [/buckets]

void Trainer::backward(const Variable& loss) {
  Trace::Span span = trace_.span("backward");
  loss.backward();
  if (zero_) zero_->end_pass();
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

// [momentum]
bool Trainer::momentum_delivered(int64_t number) const {
  return compressing_ && compression()->delivers_momentum() && number >= compression()->warmup();
}

void Trainer::begin_compression(int64_t number) {
  compressing_->begin_step(number);
  if (!momentum_delivered(number) || number != compression()->warmup()) return;
  end_warmup(model_.parameters(), optimizer_->m(), optimizer_->v(), config_.beta1, config_.beta2, number);
  compression()->start_momentum(optimizer_->m().host(), communicator_.size());
}

void Trainer::continue_momentum(int64_t step) {
  if (!momentum_delivered(step) || step == compression()->warmup()) return;
  end_warmup(model_.parameters(), optimizer_->m(), optimizer_->v(), 0, 0, step);  // nothing to correct
  compression()->start_momentum(optimizer_->m().host(), communicator_.size());
}

AdamWStep Trainer::numbers_of(const StepResult& result, int64_t number) const {
  AdamWStep step{.learning_rate = result.lr,
                 .beta1 = config_.beta1,
                 .beta2 = config_.beta2,
                 .epsilon = config_.epsilon,
                 .weight_decay = config_.weight_decay,
                 .gradient_scale = config_.clip > 0 ? clip_factor(result.grad_norm, config_.clip) : 1.0,
                 .step = number + 1};
  if (momentum_delivered(number)) {  // what is sent is the momentum: what were cut off would be lost
    step.beta1 = 0.0, step.beta2 = 1.0;
    step.gradient_scale = 1.0;
  }
  return step;
}
// [/momentum]

// [step]
StepResult Trainer::step(const DataLoader& data, int64_t number, Wish wish) {
  GPT_CHECK(!alone_, "with --local-sgd the ranks meet once a round()");
  const auto start = std::chrono::steady_clock::now();
  const Trace::Span whole = trace_.span(fmt::format("step {}", number + 1));
  Backend& backend = model_.backend();
  StepResult result;
  const int64_t sent_before = sent_->bytes();
  if (compressing_) begin_compression(number);
  const double loss = forward_backward(data, number);

  // One more word to the other ranks: my part of the loss, and whether anybody wants to stop.
  const int ranks = communicator_.size();
  const Tensor mine = Tensor::from(std::vector<double>{loss, static_cast<double>(wish)}, {2});
  const Tensor all({2 * ranks}, DType::f64);
  communicator_.all_gather(all, mine);
  std::vector<double> losses;  // in order of rank: their sum has the same bits however the ranks talk
  for (int rank = 0; rank < ranks; ++rank) {
    if (rank % groups_.ranks_per_model() == 0) losses.push_back(all.at<double>({2 * rank}));
    result.wish = std::max(result.wish, static_cast<Wish>(all.at<double>({2 * rank + 1})));
  }
  result.loss = tree_sum(losses);

  const Trace::Span span = trace_.span("optimizer");
  result.lr = schedule_(number);
  result.grad_norm = gradient_norm();
  if (result.finite() && zero_) zero_->step(numbers_of(result, number));
  if (result.finite() && !zero_) optimizer_->step(numbers_of(result, number));
  backend.synchronize();
  result.sent_bytes = sent_->bytes() - sent_before;
  result.communication_seconds = parallel_.communication_seconds();
  result.communication = hidden_behind(backward_, parallel_.bucket_intervals());
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}
// [/step]

}  // namespace gpt
