#include "compressed_training.hpp"

#include <gtest/gtest.h>

#include "03_optimizers/optimizer.hpp"
#include "09_averaging/classifier.hpp"
#include "11_ddp/data_parallel.hpp"
#include "13_compression/compressing_reducer.hpp"
#include "13_compression/make_compression.hpp"

namespace gpt {
namespace {

const std::vector<std::string> specs{"bf16", "fp16", "int8"};

/// Trains on this rank's share of 24 samples a step, and returns the loss over all samples.
double train(const std::string& spec, Communicator& communicator, int64_t steps) {
  Classifier net({2, 24, 3}, 5, DType::f32);
  const Samples samples = make_blobs({50, 50, 50}, 2.0, 3);
  auto compression = make_compression(spec, {.seed = 7});
  std::unique_ptr<CompressingReducer> reducer;
  if (compression) reducer = std::make_unique<CompressingReducer>(communicator, std::move(compression));
  CompressingReducer* const compressing = reducer.get();
  DataParallel parallel(net.parameters(), communicator, {.bucket_bytes = 200}, std::move(reducer));
  parallel.broadcast_parameters();
  const auto optimizer = make_optimizer("adamw", net.parameters());
  const int rank = communicator.rank(), size = communicator.size();
  for (int64_t step = 0; step < steps; ++step) {
    std::vector<int64_t> mine;
    for (int64_t i = 24 * rank / size; i < 24 * (rank + 1) / size; ++i)
      mine.push_back((step * 24 + i) * 37 % samples.size());
    if (compressing) compressing->begin_step(step);
    net.parameters().zero_gradients();
    parallel.prepare(true);
    if (!mine.empty()) net.loss(samples.pick(mine), 1.0 / 24).backward();
    parallel.finish();
    optimizer->step(0.01);
    parallel.check_replicas(step);
  }
  return net.mean_loss(samples);
}

}  // namespace

void expect_replicas_stay_equal(Communicator& communicator) {
  for (const std::string& spec : specs) {
    SCOPED_TRACE(spec);
    EXPECT_NO_THROW(train(spec, communicator, 100));
  }
}

void expect_training_works(Communicator& communicator) {
  const double whole = train("none", communicator, 100);
  for (const std::string& spec : specs) {
    SCOPED_TRACE(spec);
    EXPECT_NEAR(train(spec, communicator, 100), whole, 0.02 * whole);
  }
}

}  // namespace gpt
