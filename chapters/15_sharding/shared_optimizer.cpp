#include "15_sharding/shared_optimizer.hpp"

#include <cmath>

#include "03_optimizers/clipping.hpp"

namespace gpt {

// [norm]
double shared_gradient_norm(const Gpt& model, const TensorSharing& sharing, Communicator* stages) {
  const ParameterStore& store = model.parameters();
  double squares = 0;
  for (const Parameter& p : store.parameters())
    if (sharing.answers_for(p))
      squares += model.backend().sum_of_squares(store.gradients().slice(0, p.offset, p.offset + p.elements));
  squares = sharing.group().all_reduce(squares, ReduceOp::sum);
  if (stages) squares = stages->all_reduce(squares, ReduceOp::sum);
  return std::sqrt(squares);
}
// [/norm]

SharedOptimizer::SharedOptimizer(Gpt& model, const TensorSharing& sharing, Communicator* stages)
    : model_(model),
      sharing_(sharing),
      stages_(stages),
      m_(model.backend().empty({model.parameters().size()}, model.backend().sum_type()).fill(0.0)),
      v_(m_.clone()) {}

double SharedOptimizer::step(AdamWStep step, double max_norm) {
  const ParameterStore& store = model_.parameters();
  const double norm = shared_gradient_norm(model_, sharing_, stages_), decay = step.weight_decay;
  step.gradient_scale = max_norm > 0 ? clip_factor(norm, max_norm) : 1.0;
  for (const Parameter& p : store.parameters()) {
    const auto part = [&](const Tensor& row) {
      return row.defined() ? row.slice(0, p.offset, p.offset + p.elements) : row;
    };
    step.weight_decay = p.decay ? decay : 0.0;
    model_.backend().adamw(part(store.values()), part(store.gradients()), part(m_), part(v_),
                           part(store.compute_copy()), step);
  }
  return norm;
}

}  // namespace gpt
