// Gradients of a model on a device, added up where they lie.

#include <gtest/gtest.h>

#include <cmath>

#include "04_text/data_loader.hpp"
#include "05_gpt/gpt.hpp"
#include "11_ddp/data_parallel.hpp"
#include "tests/chapters/12_nccl/nccl_job.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr GptConfig shape{.layers = 1, .heads = 2, .width = 8, .context = 6, .vocabulary = 11};
constexpr int64_t batch = 6;

/// The part of the whole batch's mean loss that the samples from … to-1 make up.
Variable loss_of(Gpt& model, int64_t from, int64_t to) {
  const Tensor tokens({to - from, shape.context}, DType::i32), targets(tokens.shape(), DType::i32);
  for (int64_t b = from; b < to; ++b)
    for (int64_t t = 0; t < shape.context; ++t) {
      tokens.at<int32_t>({b - from, t}) = static_cast<int32_t>((b * 2 + t * 3) % 11);
      targets.at<int32_t>({b - from, t}) = static_cast<int32_t>((b * 2 + t * 3 + 3) % 11);
    }
  return model.loss(tokens, targets, 1.0 / (batch * shape.context),
                    {.training = true, .seed = 1, .first_sample = from});
}

TEST(NcclTraining, GradientsAreAddedUpWhereTheyLie) {
  const MpiSession session;
  if (const std::string missing = why_skipped(session); !missing.empty()) GTEST_SKIP() << missing;
  const auto backend = make_gpu_backend({.device = device_of(session)});
  const auto ranks = connect(session, backend->allocator());

  Gpt alone(shape, *backend, 5);
  alone.parameters().zero_gradients();
  loss_of(alone, 0, batch).backward();
  const Tensor expected = alone.parameters().gradients().host();

  for (const bool overlap : {true, false}) {
    Gpt model(shape, *backend, static_cast<uint64_t>(ranks->rank() == 0 ? 5 : 6));  // rank 0's values count
    DataParallel parallel(model.parameters(), *ranks, {.bucket_bytes = 1000, .overlap = overlap});
    parallel.broadcast_parameters();
    const std::byte* const place = model.parameters().gradients().address();
    for (int step = 0; step < 2; ++step) {
      model.parameters().zero_gradients();
      parallel.prepare(true);
      const Share mine = share_of(batch, ranks->rank(), ranks->size());
      loss_of(model, mine.first, mine.first + mine.count).backward();
      parallel.finish();
    }
    EXPECT_EQ(model.parameters().gradients().address(), place);
    EXPECT_GT(parallel.bucket_intervals().size(), 2U);
    const Tensor sums = model.parameters().gradients().host();
    double largest = 0, difference = 0;
    for (int64_t i = 0; i < expected.elements(); ++i) {
      largest = std::max<double>(largest, std::abs(expected.at<float>({i})));
      difference = std::max<double>(difference, std::abs(expected.at<float>({i}) - sums.at<float>({i})));
    }
    EXPECT_GT(largest, 0);
    EXPECT_LT(difference, 1e-5 * largest);
    parallel.check_replicas(1);
  }
}

}  // namespace
}  // namespace gpt::KERNEL_SPACE
