#include "13_compression/study.hpp"

#include "03_optimizers/clipping.hpp"
#include "03_optimizers/schedule.hpp"
#include "04_text/byte_tokenizer.hpp"
#include "04_text/data_loader.hpp"
#include "05_gpt/gpt.hpp"
#include "05_gpt/walrus.hpp"
#include "11_ddp/data_parallel.hpp"
#include "13_compression/compressing_reducer.hpp"
#include "13_compression/make_compression.hpp"
#include "13_compression/momentum.hpp"
#include "13_compression/wire_counter.hpp"

namespace gpt {
namespace {

constexpr double beta1 = 0.9, beta2 = 0.99;
const GptConfig shape{.layers = 2, .heads = 2, .width = 32, .context = 32, .vocabulary = 256};

}  // namespace

int64_t study_parameters() {
  const auto backend = make_cpu_backend();
  return Gpt(shape, *backend, 1).parameters().parameter_count();
}

StudyResult train_with(const std::string& spec, int64_t steps, int64_t warmup) {
  StudyResult result;
  run_threads(study_ranks, [&](Communicator& threads) {
    const auto counter = std::make_shared<WireCounter>();
    CountingCommunicator communicator(threads, counter);
    const auto backend = make_cpu_backend();
    Gpt model(shape, *backend, 1);
    ParameterStore& parameters = model.parameters();
    const DataLoader data(Tokens(ByteTokenizer().encode(std::string(walrus))), shape.context, 2 * study_ranks,
                          1);
    // [wiring]
    auto compression = make_compression(spec, {.seed = 1, .warmup = warmup, .beta1 = beta1});
    std::unique_ptr<CompressingReducer> reducer;
    if (compression) reducer = std::make_unique<CompressingReducer>(communicator, compression);
    CompressingReducer* const compressing = reducer.get();
    DataParallel parallel(parameters, communicator, {.bucket_bytes = 32 << 10}, std::move(reducer));
    const bool sends_momentum = compression && compression->delivers_momentum();
    // [/wiring]
    const Tensor m = Tensor::zeros({parameters.size()}), v = Tensor::zeros({parameters.size()});
    const Schedule rate = cosine_schedule(3e-3, 3e-4, 10, steps);
    double losses = 0;
    int64_t sent = 0;
    for (int64_t step = 0; step < steps; ++step) {
      if (step == warmup) sent = counter->bytes();
      // [step]
      if (compressing) compressing->begin_step(step);
      if (sends_momentum && step == warmup) {
        end_warmup(parameters, m, v, beta1, beta2, step);
        compression->start_momentum(m, communicator.size());
      }
      const Batch batch = data.batch(step, 2 * communicator.rank(), 2);
      parameters.zero_gradients();
      parallel.prepare(true);
      const Variable loss =
          model.loss(batch.inputs, batch.targets, 1.0 / static_cast<double>(2 * study_ranks * shape.context),
                     {.training = true, .seed = 1, .step = static_cast<uint64_t>(step)});
      loss.backward();
      parallel.finish();
      AdamWStep numbers{.learning_rate = rate(step), .beta1 = beta1, .beta2 = beta2, .step = step + 1};
      if (sends_momentum && step >= warmup)  // the sums are the momentum
        numbers.beta1 = 0, numbers.beta2 = 1;
      else
        clip_gradients(parameters.gradients(), 1.0);
      backend->adamw(parameters.values(), parameters.gradients(), m, v, {}, numbers);
      // [/step]
      if (step >= steps - 20) losses += threads.all_reduce(loss.value().item(), ReduceOp::sum) / 20;
    }
    parallel.check_replicas(steps);
    if (communicator.rank() != 0) return;
    result.loss = losses;
    result.bytes_a_step = static_cast<double>(counter->bytes() - sent) / static_cast<double>(steps - warmup);
  });
  return result;
}

}  // namespace gpt
