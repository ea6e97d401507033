#include "09_averaging/experiments.hpp"

#include "01_tensors/elementwise.hpp"
#include "03_optimizers/optimizer.hpp"
#include "09_averaging/averaging.hpp"

namespace gpt {

// [train]
TrainingResult train_together(Communicator& communicator, const TrainingPlan& plan, const Samples& samples,
                              const std::vector<int64_t>& mine) {
  Classifier net(plan.widths, /*seed=*/1);  // the same seed on all ranks: they start from one point
  const auto optimizer = make_optimizer("gd", net.parameters());
  const Samples own = samples.pick(mine);
  const auto count = static_cast<double>(own.size());
  const double counts_as = plan.weigh_shards ? count : 1.0;
  std::vector<double> weights;
  if (!plan.class_weights.empty())
    for (const int32_t label : own.labels.span<int32_t>())
      weights.push_back(plan.class_weights[static_cast<size_t>(label)]);

  const auto compute_gradient = [&] {
    net.parameters().zero_gradients();
    if (own.size() > 0) net.loss(own, 1.0 / count, weights).backward();
  };
  TrainingResult result;
  for (int64_t step = 0; step < plan.steps; step += plan.local_steps) {
    if (plan.local_steps == 1) {
      compute_gradient();
      average_gradients(communicator, net.parameters(), counts_as);
      optimizer->step(plan.rate);
    } else {
      const auto local_step = [&](int64_t) {
        compute_gradient();
        optimizer->step(plan.rate);
      };
      local_sgd_round(communicator, net.parameters(), plan.local_steps, local_step, counts_as);
    }
    result.round_losses.push_back(net.mean_loss(samples));
  }
  result.parameters = net.parameters().values();
  return result;
}
// [/train]

TrainingResult train_with_threads(int workers, const TrainingPlan& plan, const Samples& samples,
                                  const std::function<std::vector<int64_t>(int worker)>& shard_of) {
  TrainingResult result;
  run_threads(workers, [&](Communicator& communicator) {
    TrainingResult mine = train_together(communicator, plan, samples, shard_of(communicator.rank()));
    if (communicator.rank() == 0) result = std::move(mine);
  });
  return result;
}

}  // namespace gpt
