#include "09_averaging/averaging.hpp"

#include "01_tensors/elementwise.hpp"

namespace gpt {

// [average]
void average(Communicator& communicator, const Tensor& tensor) {
  communicator.all_reduce(tensor, ReduceOp::average);
}

void average(Communicator& communicator, const Tensor& tensor, double samples) {
  const double total = communicator.all_reduce(samples, ReduceOp::sum);
  GPT_CHECK(total > 0.0, "an average over no samples at all");
  tensor.copy_from(tensor * (samples / total));
  communicator.all_reduce(tensor, ReduceOp::sum);
}
// [/average]

void average_gradients(Communicator& communicator, const ParameterStore& parameters, double samples) {
  average(communicator, parameters.gradients(), samples);
}

void average_parameters(Communicator& communicator, const ParameterStore& parameters, double samples) {
  average(communicator, parameters.values(), samples);
  parameters.refresh_compute_copy();
}

// [local_sgd]
void local_sgd_round(Communicator& communicator, const ParameterStore& parameters, int64_t local_steps,
                     const std::function<void(int64_t)>& step, double samples) {
  for (int64_t k = 0; k < local_steps; ++k) step(k);
  average_parameters(communicator, parameters, samples);
}
// [/local_sgd]

}  // namespace gpt
