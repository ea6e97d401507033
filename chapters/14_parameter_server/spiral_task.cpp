#include "14_parameter_server/spiral_task.hpp"

#include "01_tensors/philox.hpp"
#include "02_backprop/spirals.hpp"

namespace gpt {

SpiralTask::SpiralTask(int workers, std::vector<int64_t> widths) {
  const Spirals spirals = make_spirals(80, 1.0);
  points_ = {spirals.points, Tensor({spirals.labels.size(0)}, DType::i32)};
  for (int64_t i = 0; i < points_.size(); ++i)
    points_.labels.at<int32_t>({i}) = spirals.labels.at<double>({i, 0}) > 0 ? 1 : 0;
  constexpr uint64_t seed = 1;
  for (int worker = 0; worker < workers; ++worker)
    nets_.push_back(std::make_unique<Classifier>(widths, seed, DType::f32));
  judge_ = std::make_unique<Classifier>(widths, seed, DType::f32);
}

void SpiralTask::gradient(int worker, int64_t step) const {
  const Classifier& net = *nets_.at(static_cast<size_t>(worker));
  const RandomStream random(2, RandomUse::data_order, static_cast<uint64_t>(worker));
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < batch; ++i)
    numbers.push_back(static_cast<int64_t>(
        random.below(static_cast<uint64_t>(step * batch + i), static_cast<uint64_t>(points_.size()))));
  net.parameters().zero_gradients();
  net.loss(points_.pick(numbers), 1.0 / static_cast<double>(batch)).backward();
}

double SpiralTask::loss(const Tensor& parameters) const {
  judge_->parameters().values().copy_from(parameters);
  return judge_->mean_loss(points_);
}

}  // namespace gpt
