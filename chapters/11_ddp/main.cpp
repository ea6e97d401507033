// The buckets of a GPT, and the training of one net by all ranks together.

#include <cstdio>

#include "01_tensors/elementwise.hpp"
#include "03_optimizers/optimizer.hpp"
#include "05_gpt/gpt.hpp"
#include "09_averaging/classifier.hpp"
#include "10_collectives/mpi_communicator.hpp"
#include "11_ddp/data_parallel.hpp"
#include "11_ddp/overlap_study.hpp"
#include "common/chapter_program.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

/// Which parameters of a GPT travel together.
void show_buckets() {
  const auto backend = make_cpu_backend();
  Gpt model({.layers = 2, .width = 64, .context = 32, .vocabulary = 65}, *backend, 1);
  const ParameterStore& store = model.parameters();
  const BucketPlan plan = plan_buckets(store, 64 << 10);
  Table table({{"bucket"}, {"size", "KiB", "{:.1f}"}, {"first parameter, ready first"}, {"last parameter"}});
  for (size_t b = 0; b < plan.buckets.size(); ++b) {
    size_t first = store.parameters().size(), last = 0;
    for (size_t p = 0; p < plan.of_parameter.size(); ++p) {
      const auto range = plan.of_parameter[p];
      if (static_cast<int>(b) < range.first || static_cast<int>(b) > range.last) continue;
      first = std::min(first, p);
      last = std::max(last, p);
    }
    const double bytes = static_cast<double>(plan.buckets[b].to - plan.buckets[b].from) * 4;
    table.row(b, bytes / 1024, store.parameters()[first].name, store.parameters()[last].name);
  }
  fmt::print("{}", table.text());
}

/// Trains on the rank's share of every batch; returns the loss of each step over the whole batch.
std::vector<double> train(Classifier& net, const Samples& samples, Communicator& communicator) {
  DataParallel parallel(net.parameters(), communicator, {.bucket_bytes = 256});
  parallel.broadcast_parameters();
  const auto optimizer = make_optimizer("adamw", net.parameters());
  const int rank = communicator.rank(), size = communicator.size();
  constexpr int64_t batch = 26;  // divides by 4 with a remainder: shards of 6, 7, 6 and 7
  std::vector<double> losses;
  for (int64_t step = 0; step < 100; ++step) {
    std::vector<int64_t> mine;
    for (int64_t i = batch * rank / size; i < batch * (rank + 1) / size; ++i)
      mine.push_back((step * batch + i) * 37 % samples.size());
    net.parameters().zero_gradients();
    parallel.prepare(true);
    const Variable loss = net.loss(samples.pick(mine), 1.0 / batch);  // divided by the whole batch, once
    loss.backward();
    parallel.finish();
    losses.push_back(communicator.all_reduce(loss.value().item(), ReduceOp::sum));
    optimizer->step(0.01);
    if (step % 10 == 0) parallel.check_replicas(step);
  }
  return losses;
}

void show_equality(Communicator& communicator, bool stable) {
  const Samples samples = make_blobs({100, 100, 100}, 2.0, 3);
  const std::vector<int64_t> widths{2, 16, 3};
  Classifier alone(widths, 1), together(widths, 1);
  const std::vector<double> one = train(alone, samples, *make_single_communicator());
  const std::vector<double> many = train(together, samples, communicator);
  Table table({{"step", {}, "{}"},
               {"loss, 1 rank", {}, "{:.6f}"},
               {fmt::format("loss, {} ranks", communicator.size()), {}, "{:.6f}"}});
  for (const size_t step : {0, 1, 2, 10, 50, 99}) table.row(step, one[step], many[step]);
  const double difference = max_difference(alone.parameters().values(), together.parameters().values());
  fmt::print("{}\nThe largest difference between their parameters: {}\n", table.text(),
             !stable             ? fmt::format("{:.1e}", difference)
             : difference < 1e-9 ? "below 1e-9"
                                 : "too large");
}

}  // namespace

int main(int argc, char** argv) {
  return gpt::run_mpi_program("11_ddp", [&](gpt::MpiSession& session) {
    if (session.rank() > 0 && !std::freopen("/dev/null", "w", stdout)) return 1;  // rank 0 speaks for all
    const auto communicator = gpt::make_world_communicator(session);
    gpt::ChapterProgram program("11_ddp", "One model on many ranks.");
    program.section("buckets", "The gradients of a GPT in buckets of 64 KiB", show_buckets);
    program.section("equality", "Many ranks train as one does",
                    [&] { show_equality(*communicator, program.stable()); });
    std::string figures;
    program.options().add_option("--figures", figures, "Also write the lesson's pictures into this folder");
    program.section("timeline", "One step, with and without overlap",
                    [&] { study_overlap(*communicator, program.stable(), figures); });
    return program.show(argc, argv);
  });
}
