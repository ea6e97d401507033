#include "16_trainer/local_sgd.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "03_optimizers/clipping.hpp"
#include "09_averaging/averaging.hpp"
#include "11_ddp/tree.hpp"
#include "16_trainer/trainer.hpp"
#include "common/check.hpp"

namespace gpt {

void validate_local_sgd(const TrainConfig& c) {
  GPT_REQUIRE(c.local_sgd >= 0, "--local-sgd takes a number of steps, not {}", c.local_sgd);
  if (c.local_sgd == 0) return;
  GPT_REQUIRE(!c.reproducible,
              "--local-sgd has each rank walk by itself, so the model depends on the number of ranks: leave "
              "out --reproducible or --local-sgd");
  GPT_REQUIRE(c.zero == 0,
              "--zero {} shares out one optimizer, and with --local-sgd each rank has its own: leave out one "
              "of them",
              c.zero);
  GPT_REQUIRE(
      c.compress == "none",
      "--compress {} is for gradients on their way, and --local-sgd sends none: leave out one of them",
      c.compress);
  GPT_REQUIRE(c.bucket_mb == "auto",
              "--bucket-mb {} cuts gradients on their way, and --local-sgd sends none: leave out one of them",
              c.bucket_mb);
}

std::string describe_local_sgd(const TrainConfig& c) {
  if (c.local_sgd == 0) return "";
  return c.local_sgd == 1 ? ", parameters averaged every step"
                          : fmt::format(", parameters averaged every {} steps", c.local_sgd);
}

int64_t steps_to_averaging(int64_t number, int64_t every, int64_t steps) {
  return std::min(every - number % every, steps - number);
}

// [average]
LocalSteps average_steps(const LocalSteps& mine, int64_t most, int64_t rows, Communicator& communicator) {
  const auto n = static_cast<int64_t>(mine.losses.size());
  // One row for each rank: what it wants, its rows, its steps; then their losses, and their norms.
  std::vector<double> row{static_cast<double>(mine.wish), static_cast<double>(rows), static_cast<double>(n)};
  row.resize(static_cast<size_t>(3 + 2 * most));
  std::copy(mine.losses.begin(), mine.losses.end(), row.begin() + 3);
  std::copy(mine.norms.begin(), mine.norms.end(), row.begin() + 3 + most);
  const Tensor all({communicator.size(), 3 + 2 * most}, DType::f64);
  communicator.all_gather(all, Tensor::from(row, {3 + 2 * most}));

  LocalSteps result;
  double total = 0, steps = static_cast<double>(most);
  for (int rank = 0; rank < communicator.size(); ++rank) {
    result.wish = std::max(result.wish, static_cast<int>(all.at<double>({rank, 0})));
    total += all.at<double>({rank, 1});
    steps = std::min(steps, all.at<double>({rank, 2}));
  }
  const auto mean = [&](int64_t column) {  // in order of rank
    std::vector<double> parts;
    for (int rank = 0; rank < communicator.size(); ++rank)
      parts.push_back(all.at<double>({rank, 1}) / total * all.at<double>({rank, column}));
    return tree_sum(parts);
  };
  for (int64_t k = 0; k < static_cast<int64_t>(steps); ++k) {
    result.losses.push_back(mean(3 + k));
    result.norms.push_back(mean(3 + most + k));
  }
  return result;
}

void average_replicas(const ParameterStore& parameters, int64_t rows, Communicator& communicator) {
  if (parameters.values().device() == Device::cpu)
    return average_parameters(communicator, parameters, static_cast<double>(rows));
  const Tensor values = parameters.values().host();
  average(communicator, values, static_cast<double>(rows));
  parameters.values().copy_from(values);
  parameters.refresh_compute_copy();
}
// [/average]

// [round]
std::vector<StepResult> Trainer::round(const DataLoader& data, int64_t number, Wish wish) {
  if (!alone_) return {step(data, number, wish)};
  using Clock = std::chrono::steady_clock;
  const int64_t steps = steps_to_averaging(number, config_.local_sgd, config_.steps);
  const int64_t rows = share_of(data.global_batch(), communicator_.rank(), communicator_.size()).count;
  std::vector<StepResult> results(static_cast<size_t>(steps));
  LocalSteps mine{{}, {}, static_cast<int>(wish)};
  bool finite = true;
  for (int64_t k = 0; k < steps && finite; ++k) {
    const auto start = Clock::now();
    const Trace::Span whole = trace_.span(fmt::format("step {}", number + k + 1));
    StepResult& result = results[static_cast<size_t>(k)];
    result.loss = forward_backward(data, number + k);
    const Trace::Span span = trace_.span("optimizer");
    result.lr = schedule_(number + k);
    result.grad_norm = std::sqrt(model_.backend().sum_of_squares(model_.parameters().gradients()));
    finite = result.finite();
    if (finite) optimizer_->step(numbers_of(result, number + k));  // clipped by this rank's own norm
    model_.backend().synchronize();
    mine.losses.push_back(result.loss), mine.norms.push_back(result.grad_norm);
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }

  const auto start = Clock::now();
  const Trace::Span span = trace_.span("wait for parameters");
  const LocalSteps all = average_steps(mine, steps, rows, communicator_);
  results.resize(all.losses.size());
  for (size_t k = 0; k < results.size(); ++k)
    results[k].loss = all.losses[k], results[k].grad_norm = all.norms[k];
  StepResult& last = results.back();
  last.wish = static_cast<Wish>(all.wish);
  const int64_t sent_before = sent_->bytes();
  if (last.finite() && communicator_.size() > 1) average_replicas(model_.parameters(), rows, counted_);
  last.sent_bytes = sent_->bytes() - sent_before;

  const Interval meeting{start, Clock::now()};
  if (trace_.recording()) trace_.add({"communication", "parameters", meeting});
  last.communication_seconds = last.communication.total = meeting.seconds();  // behind which nothing ran
  last.seconds += meeting.seconds();
  return results;
}
// [/round]

}  // namespace gpt
