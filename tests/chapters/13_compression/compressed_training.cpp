#include "compressed_training.hpp"

#include <gtest/gtest.h>

#include "09_averaging/classifier.hpp"
#include "11_ddp/data_parallel.hpp"
#include "13_compression/compressing_reducer.hpp"
#include "13_compression/make_compression.hpp"

namespace gpt {
namespace {

const std::vector<std::string> specs{"bf16",     "fp16",         "int8",      "sign",
                                     "topk:0.1", "randomk:0.25", "powersgd:2"};

/// Trains on this rank's share of 24 samples a step, by momentum, and returns the loss over all samples.
double train(const std::string& spec, Communicator& communicator, int64_t steps) {
  Classifier net({2, 24, 3}, 5, DType::f32);
  const Samples samples = make_blobs({50, 50, 50}, 2.0, 3);
  auto compression = make_compression(spec, {.seed = 7, .warmup = 5, .beta1 = 0.9});
  std::unique_ptr<CompressingReducer> reducer;
  if (compression) reducer = std::make_unique<CompressingReducer>(communicator, std::move(compression));
  CompressingReducer* const compressing = reducer.get();
  DataParallel parallel(net.parameters(), communicator, {.bucket_bytes = 200}, std::move(reducer));
  parallel.broadcast_parameters();
  const Tensor momentum = Tensor::zeros({net.parameters().size()});
  const int rank = communicator.rank(), size = communicator.size();
  for (int64_t step = 0; step < steps; ++step) {
    std::vector<int64_t> mine;
    for (int64_t i = 24 * rank / size; i < 24 * (rank + 1) / size; ++i)
      mine.push_back((step * 24 + i) * 37 % samples.size());
    if (compressing) {
      compressing->begin_step(step);
      if (step == 5) compressing->compression().start_momentum(momentum, size);
    }
    net.parameters().zero_gradients();
    parallel.prepare(true);
    if (!mine.empty()) net.loss(samples.pick(mine), 1.0 / 24).backward();
    parallel.finish();
    const bool delivered = compressing && compressing->compression().delivers_momentum() && step >= 5;
    float *m = momentum.data<float>(), *x = net.parameters().values().data<float>();
    const float* g = net.parameters().gradients().data<float>();
    for (int64_t i = 0; i < momentum.elements(); ++i) {
      m[i] = delivered ? g[i] : 0.9f * m[i] + 0.1f * g[i];
      x[i] -= 0.3f * m[i];
    }
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
  const double whole = train("none", communicator, 200);
  for (const std::string& spec : specs) {
    SCOPED_TRACE(spec);
    EXPECT_NEAR(train(spec, communicator, 200), whole, 0.05 * whole);
  }
}

}  // namespace gpt
