#include "15_sharding/slice_optimizer.hpp"

#include <cmath>

#include "03_optimizers/clipping.hpp"

namespace gpt {

// [norm]
double own_sum_of_squares(const GptSlice& slice, const Tensor& gradients) {
  double sum = 0;
  for (const Parameter& p : slice.parameters().parameters())
    if (slice.answers_for(p))
      sum += slice.backend().sum_of_squares(gradients.slice(0, p.offset, p.offset + p.elements));
  return sum;
}
// [/norm]

SliceOptimizer::SliceOptimizer(GptSlice& slice, Communicator* stages)
    : slice_(slice),
      stages_(stages),
      m_(slice.backend().empty({slice.parameters().size()}, slice.backend().sum_type()).fill(0.0)),
      v_(m_.clone()) {}

double SliceOptimizer::step(AdamWStep step, double max_norm) {
  const ParameterStore& store = slice_.parameters();
  double squares = slice_.group().all_reduce(own_sum_of_squares(slice_, store.gradients()), ReduceOp::sum);
  if (stages_) squares = stages_->all_reduce(squares, ReduceOp::sum);
  const double norm = std::sqrt(squares), decay = step.weight_decay;
  step.gradient_scale = max_norm > 0 ? clip_factor(norm, max_norm) : 1.0;
  for (const Parameter& p : store.parameters()) {
    const auto part = [&](const Tensor& row) {
      return row.defined() ? row.slice(0, p.offset, p.offset + p.elements) : row;
    };
    step.weight_decay = p.decay ? decay : 0.0;
    slice_.backend().adamw(part(store.values()), part(store.gradients()), part(m_), part(v_),
                           part(store.compute_copy()), step);
  }
  return norm;
}

}  // namespace gpt
