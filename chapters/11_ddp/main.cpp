// The buckets of a GPT, and the training of one net by all ranks together.

#include <cstdio>

#include "01_tensors/elementwise.hpp"
#include "03_optimizers/optimizer.hpp"
#include "05_gpt/gpt.hpp"
#include "09_averaging/classifier.hpp"
#include "10_collectives/mpi_communicator.hpp"
#include "11_ddp/data_parallel.hpp"
#include "11_ddp/overlap_study.hpp"
#include "11_ddp/tree.hpp"
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

/// Two ranks launch the sums of two buckets, one of them in the other order.
void show_order() {
  Table table({{"rank 1 launches"}, {"bucket 0 is", {}, "{:.0f}"}, {"bucket 1 is", {}, "{:.0f}"}});
  for (const bool swapped : {false, true})
    run_threads(2, [&](Communicator& communicator) {
      // [order]
      // Both ranks bring a 1 for bucket 0 and a 10 for bucket 1: the sums should be 2 and 20.
      const Tensor bucket_0 = Tensor::full({2}, 1.0), bucket_1 = Tensor::full({2}, 10.0);
      std::vector<Tensor> order{bucket_0, bucket_1};
      if (swapped && communicator.rank() == 1) std::swap(order[0], order[1]);
      std::vector<std::unique_ptr<Work>> works;
      for (const Tensor& bucket : order)
        works.push_back(communicator.all_reduce_async(bucket, ReduceOp::sum));
      for (const auto& work : works) work->wait();
      // [/order]
      if (communicator.rank() == 0)
        table.row(swapped ? "1, then 0" : "0, then 1", bucket_0.at<float>({0}), bucket_1.at<float>({0}));
    });
  fmt::print("{}\nWith buckets of 2 and 3 elements: ", table.text());
  try {
    run_threads(2, [](Communicator& communicator) {
      const int64_t first = 2 + communicator.rank();
      communicator.all_reduce(Tensor::full({first}, 1.0), ReduceOp::sum);
    });
  } catch (const Error& error) {
    const std::string text = error.what();
    fmt::print("{}\n", text.substr(text.rfind("rank 0 called")));
  }
}

/// Four micro-batches with one gradient each, on 1, 2 and 4 ranks: added as they come, and in one tree.
void show_sums() {
  const std::vector<double> gradients{16777216, 1, 1, 1};  // 2^24: the first number whose neighbour is 2 away
  Table table({{"ranks", {}, "{}"}, {"each rank left to right", {}, "{:.0f}"}, {"one tree", {}, "{:.0f}"}});
  for (const int ranks : {1, 2, 4})
    run_threads(ranks, [&](Communicator& communicator) {
      const int64_t leaves = 4 / ranks, first = communicator.rank() * leaves;
      const Tensor plain = Tensor::zeros({1}), leaf = Tensor::zeros({1});
      TreeSum tree(leaf, leaves);
      for (int64_t i = 0; i < leaves; ++i) {
        const auto gradient = static_cast<float>(gradients[static_cast<size_t>(first + i)]);
        plain.at<float>({0}) += gradient;
        if (i > 0) tree.take();
        leaf.at<float>({0}) += gradient;
      }
      tree.complete(0, 1);
      communicator.all_reduce(plain, ReduceOp::sum);
      tree_all_reduce(communicator, leaf);
      if (communicator.rank() == 0) table.row(ranks, plain.at<float>({0}), leaf.at<float>({0}));
    });
  fmt::print("The gradients of four micro-batches, in f32: 16777216, 1, 1, 1\n\n{}", table.text());
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
    program.section("order", "Two buckets in two orders", show_order);
    program.section("sums", "One sum on 1, 2 and 4 ranks", show_sums);
    program.section("equality", "Many ranks train as one does",
                    [&] { show_equality(*communicator, program.stable()); });
    std::string figures;
    program.options().add_option("--figures", figures, "Also write the lesson's pictures into this folder");
    program.section("timeline", "One step, with and without overlap",
                    [&] { study_overlap(*communicator, program.stable(), figures); });
    return program.show(argc, argv);
  });
}
