// The program of chapter 09: one average worked by hand, splits, weights, imbalance, and how often workers
// need to talk.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <numeric>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/operations.hpp"
#include "09_averaging/averaging.hpp"
#include "09_averaging/experiments.hpp"
#include "09_averaging/weights.hpp"
#include "common/chapter_program.hpp"
#include "common/file.hpp"
#include "common/plot.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

std::vector<int64_t> all_numbers(int64_t count) {
  std::vector<int64_t> numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

void show_example() {
  constexpr int workers = 4;
  constexpr double rate = 0.1;
  // One row for each step, one column for each worker. Every thread writes into its own column.
  const Tensor seen({5, workers}, DType::f64);
  // [example]
  run_threads(workers, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    const Variable w = Variable::leaf(Tensor::scalar(0.5));
    const double target = 0.4 - 0.1 * rank;  // this worker's only sample
    const Variable loss = square(w + -target) * 0.5;
    loss.backward();
    const Tensor gradient = w.gradient().clone();
    communicator.all_reduce(gradient, ReduceOp::sum);
    const Tensor average = gradient * (1.0 / communicator.size());
    add_to(w.value(), average, -rate);
    // [/example]
    int row = 0;
    for (const double value :
         {target, w.gradient().item(), gradient.item(), average.item(), w.value().item()})
      seen.at<double>({row++, rank}) = value;
  });
  Table table({{"step"},
               {"worker 0", {}, "{:.3f}"},
               {"worker 1", {}, "{:.3f}"},
               {"worker 2", {}, "{:.3f}"},
               {"worker 3", {}, "{:.3f}"}});
  const char* names[] = {"its sample t", "its gradient, w - t", "all-reduce: the sum of the four",
                         "divided by 4: the average", "w - 0.1 · average"};
  for (int row = 0; row < 5; ++row)
    table.row(names[row], seen.at<double>({row, 0}), seen.at<double>({row, 1}), seen.at<double>({row, 2}),
              seen.at<double>({row, 3}));
  fmt::print("The model is one number, w = 0.5. Worker r's loss is ½·(w - t)², with its own t.\n\n{}",
             table.text());

  const Variable w = Variable::leaf(Tensor::scalar(0.5));
  const Variable targets = Tensor::from(std::vector<float>{0.4f, 0.3f, 0.2f, 0.1f}, {4});
  mean(square(w - targets) * 0.5).backward();
  fmt::print("\nOne worker with all four samples: the gradient of the mean loss is {:.3f}\n",
             w.gradient().item());
}

void show_splits() {
  Table table({{"split"}, {"worker 0"}, {"worker 1"}, {"worker 2"}});
  Table classes({{"split"}, {"worker 0"}, {"worker 1"}, {"worker 2"}});
  const std::string labels = "aaaaaabbbb";  // sorted by class, as files often are
  for (const Split split : {Split::block, Split::line, Split::random}) {
    std::vector<std::string> numbers, letters;
    for (int worker = 0; worker < 3; ++worker) {
      const std::vector<int64_t> mine = shard(split, 10, 3, worker, /*seed=*/1);
      numbers.push_back(fmt::format("{}", fmt::join(mine, " ")));
      std::string of_worker;
      for (const int64_t number : mine) of_worker += labels[static_cast<size_t>(number)];
      letters.push_back(of_worker);
    }
    table.row(name_of(split), numbers[0], numbers[1], numbers[2]);
    classes.row(name_of(split), letters[0], letters[1], letters[2]);
  }
  fmt::print("The samples 0 … 9 on three workers:\n\n{}\n", table.text(2));
  fmt::print("Their classes, when the data are sorted, {}:\n\n{}", labels, classes.text(2));
}

void show_uneven() {
  const std::vector<std::vector<double>> shards{{1}, {2, 3}, {4, 5, 6, 7, 8}};
  std::vector<double> plain(3), weighted(3);
  Table table({{"worker"}, {"samples"}, {"mean", {}, "{:.3f}"}, {"weight n/Σn", {}, "{:.3f}"}});
  const std::vector<double> weights = shard_weights({1, 2, 5});
  run_threads(3, [&](Communicator& communicator) {
    const auto rank = static_cast<size_t>(communicator.rank());
    const std::vector<double>& mine = shards[rank];
    const auto count = static_cast<double>(mine.size());
    const Tensor a = Tensor::scalar(std::accumulate(mine.begin(), mine.end(), 0.0) / count, DType::f64);
    const Tensor b = a.clone();
    average(communicator, a);
    average(communicator, b, count);
    plain[rank] = a.item();
    weighted[rank] = b.item();
  });
  for (size_t worker = 0; worker < 3; ++worker) {
    const std::vector<double>& mine = shards[worker];
    table.row(worker, fmt::format("{}", fmt::join(mine, " ")),
              std::accumulate(mine.begin(), mine.end(), 0.0) / static_cast<double>(mine.size()),
              weights[worker]);
  }
  fmt::print("{}\nThe plain average of the means:  {:.3f}\nThe weighted average:            {:.3f}\n",
             table.text(), plain[0], weighted[0]);
  fmt::print("The mean of all eight samples:   4.500\n");

  // The same mistake in a training: three classes, one worker has nearly all the samples.
  const Samples samples = make_blobs({20, 20, 21}, 2.0, 3);
  const std::vector<int64_t> borders{0, 1, 8, 61};
  const auto uneven = [&](int worker) {
    std::vector<int64_t> mine;
    for (int64_t i = borders[static_cast<size_t>(worker)]; i < borders[static_cast<size_t>(worker) + 1]; ++i)
      mine.push_back(i);
    return mine;
  };
  const TrainingPlan plan{.widths = {2, 3}, .steps = 200};
  TrainingPlan unweighted = plan;
  unweighted.weigh_shards = false;
  const auto one = train_with_threads(1, plan, samples, [&](int) { return all_numbers(61); });
  Table losses({{"200 steps on shards of 1, 7 and 53 samples"}, {"loss on all 61", {}, "{:.4f}"}});
  losses.row("one worker, all samples", one.round_losses.back());
  losses.row("plain averages of three",
             train_with_threads(3, unweighted, samples, uneven).round_losses.back());
  losses.row("weighted averages of three", train_with_threads(3, plan, samples, uneven).round_losses.back());
  fmt::print("\n{}", losses.text());
}

void show_imbalance(int workers) {
  const Samples samples = make_blobs({950, 50}, 1.0, 3), unseen = make_blobs({1000, 1000}, 1.0, 4);
  const TrainingPlan plan{.steps = 400, .rate = 0.3};
  const auto line = [&](int worker) { return shard(Split::line, samples.size(), workers, worker); };
  // [imbalance]
  const std::vector<double> class_weights = inverse_frequency_weights(samples.labels, 2);
  std::vector<double> sample_weights;
  for (const int32_t label : samples.labels.span<int32_t>())
    sample_weights.push_back(class_weights[static_cast<size_t>(label)]);
  const WeightedSampler sampler(sample_weights);
  const auto resampled = [&](int worker) {  // as many as the shard has, each class half of the time
    return sampler.draw(samples.size() / workers,
                        RandomStream(1, RandomUse::sampling, static_cast<uint64_t>(worker)));
  };
  TrainingPlan weighted = plan;
  weighted.class_weights = class_weights;
  // [/imbalance]
  Table table({{"training on 950 of class 0 and 50 of class 1"},
               {"class 0 right", "%", "{:.1f}"},
               {"class 1 right", "%", "{:.1f}"},
               {"average", "%", "{:.1f}"}});
  const auto add = [&](const char* name, const TrainingResult& result) {
    Classifier net(plan.widths, 1);
    net.parameters().values().copy_from(result.parameters);
    const std::vector<double> right = net.accuracy_by_class(unseen);
    table.row(name, 100 * right[0], 100 * right[1], 50 * (right[0] + right[1]));
  };
  add("as they are", train_with_threads(workers, plan, samples, line));
  add("resampled", train_with_threads(workers, plan, samples, resampled));
  add("weighted", train_with_threads(workers, weighted, samples, line));
  fmt::print("The class weights n / (2·n_k) are {:.3f} and {:.1f}.\n\n{}", class_weights[0], class_weights[1],
             table.text());
}

void show_equality(int workers, bool stable) {
  const Samples samples = make_blobs({20, 20, 21}, 2.0, 3);
  const TrainingPlan once{.widths = {2, 8, 3}, .steps = 1}, long_run{.widths = {2, 8, 3}, .steps = 200};
  const auto whole = [&](int) { return all_numbers(samples.size()); };
  const TrainingResult one_step = train_with_threads(1, once, samples, whole);
  const TrainingResult one_run = train_with_threads(1, long_run, samples, whole);
  Table table({{"workers", {}, "{}"},
               {"samples each"},
               {"after 1 step", {}, "{:.1e}"},
               {"after 200 steps", {}, "{:.1e}"},
               {"loss", {}, "{:.6f}"}});
  for (int n = 1; n <= workers; ++n) {
    const auto of_worker = [&](int worker) { return shard(Split::random, samples.size(), n, worker, 1); };
    std::vector<size_t> sizes;
    for (int worker = 0; worker < n; ++worker) sizes.push_back(of_worker(worker).size());
    const TrainingResult step = train_with_threads(n, once, samples, of_worker);
    const TrainingResult run = train_with_threads(n, long_run, samples, of_worker);
    const double first = max_difference(step.parameters, one_step.parameters);
    const double last = max_difference(run.parameters, one_run.parameters);
    const std::string each = fmt::format("{}", fmt::join(sizes, " "));
    if (stable)
      table.row(n, each, first < 1e-14 ? "< 1e-14" : "too large", last < 1e-12 ? "< 1e-12" : "too large",
                run.round_losses.back());
    else
      table.row(n, each, first, last, run.round_losses.back());
  }
  fmt::print(
      "The largest difference between the parameters and those of one worker with all 61 samples:\n\n{}",
      table.text());
}

/// (rounds, loss) for every communication.
PlotSeries curve(const std::string& name, const TrainingResult& result, bool dashed) {
  PlotSeries series{.name = name, .points = {}, .markers = false, .dashed = dashed};
  for (size_t i = 0; i < result.round_losses.size(); ++i)
    series.points.push_back({static_cast<double>(i + 1), result.round_losses[i]});
  series.markers = series.points.size() <= 16;
  return series;
}

void show_rounds(int workers, const std::string& picture) {
  const std::vector<int64_t> counts(static_cast<size_t>(workers), 40);  // as many classes as workers
  const Samples samples = make_blobs(counts, 2.5, 3);
  constexpr int64_t steps = 256;
  LinePlot plot("Loss against communication rounds, 256 steps of each worker", {"communication rounds", true},
                {"loss on all samples", true});
  Table table({{"the workers average"},
               {"rounds", {}, "{}"},
               {"loss, shards alike", "random split", "{:.3f}"},
               {"loss, one class each", "block split", "{:.3f}"},
               {"gradients only, so many rounds", "any split", "{:.3f}"}});
  std::vector<double> of_gradients;  // the losses of gradient averaging after each round
  for (const int64_t local_steps : {1, 4, 16, 64, 256}) {
    const TrainingPlan plan{
        .widths = {2, 16, workers}, .steps = steps, .local_steps = local_steps, .rate = 0.5};
    const auto result_of = [&](Split split) {
      return train_with_threads(workers, plan, samples,
                                [&](int worker) { return shard(split, samples.size(), workers, worker, 1); });
    };
    const TrainingResult alike = result_of(Split::random), apart = result_of(Split::block);
    const std::string name = local_steps == 1       ? "gradients, every step"
                             : local_steps == steps ? "models, once at the end"
                                                    : fmt::format("models, every {} steps", local_steps);
    if (local_steps == 1) of_gradients = alike.round_losses;
    table.row(name, steps / local_steps, alike.round_losses.back(), apart.round_losses.back(),
              of_gradients[static_cast<size_t>(steps / local_steps) - 1]);
    if (local_steps == 1) {
      plot.add(curve(name, alike, false));
    } else if (local_steps < steps) {
      plot.add(curve(name + ", random split", alike, false));
      plot.add(curve(name + ", block split", apart, true));
    }
  }
  fmt::print("{}", table.text());
  if (!picture.empty()) write_file_atomically(picture, plot.svg());
}

/// Seconds of one run of `body` on all ranks, the fastest of several, as the slowest rank sees it.
double seconds_of(Communicator& communicator, const std::function<void()>& body) {
  double best = 1e9;
  for (int repetition = 0; repetition < 7; ++repetition) {
    communicator.barrier();
    const auto start = std::chrono::steady_clock::now();
    body();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::min(best, communicator.all_reduce(elapsed.count(), ReduceOp::max));
  }
  return best;
}

void show_cost(int workers, bool stable) {
  if (stable) {
    fmt::print("Timings are left out.\n");
    return;
  }
  Table table({{"workers", {}, "{}"},
               {"1 number", "µs", "{:.0f}"},
               {"4 MiB", "ms", "{:.2f}"},
               {"moved", "GB/s", "{:.0f}"},
               {"256 MiB", "ms", "{:.0f}"},
               {"moved", "GB/s", "{:.0f}"}});
  for (int n = 1; n <= workers; ++n)
    run_threads(n, [&](Communicator& communicator) {
      std::vector<double> seconds, speed;
      for (const int64_t elements : {1, 1 << 20, 64 << 20}) {
        const Tensor tensor = Tensor::full({elements}, 1.0);
        seconds.push_back(seconds_of(communicator, [&] { communicator.all_reduce(tensor, ReduceOp::sum); }));
        // Every rank's tensor is read once and written once.
        speed.push_back(2e-9 * n * static_cast<double>(tensor.bytes()) / seconds.back());
      }
      if (communicator.rank() == 0)
        table.row(n, seconds[0] * 1e6, seconds[1] * 1e3, speed[1], seconds[2] * 1e3, speed[2]);
    });
  fmt::print("{}", table.text());
}

}  // namespace

int main(int argc, char** argv) {
  gpt::ChapterProgram program("09_averaging", "Many workers, one model: averages, splits and weights.");
  int workers = 4;
  std::string picture;
  program.options().add_option("--workers", workers, "Threads in the experiments (4)").in_range(1, 64);
  program.options().add_option("--svg", picture, "Write the plot of section rounds to this file");
  program.section("example", "0.1, 0.2, 0.3, 0.4 → 0.25", show_example);
  program.section("splits", "Three ways of splitting", show_splits);
  program.section("uneven", "Averages of averages", show_uneven);
  program.section("imbalance", "A rare class", [&] { show_imbalance(workers); });
  program.section("equality", "Many workers equal one", [&] { show_equality(workers, program.stable()); });
  program.section("rounds", "How often do workers have to talk?", [&] { show_rounds(workers, picture); });
  program.section("cost", "What an average costs", [&] { show_cost(workers, program.stable()); });
  return program.run(argc, argv);
}
