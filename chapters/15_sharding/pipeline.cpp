#include "15_sharding/pipeline.hpp"

#include <algorithm>

namespace gpt {

/// A batch on its way through this stage; the maps are by micro-batch, and hold what is still needed.
struct Pipeline::Batch {
  const Tensor &tokens, &targets;
  int64_t rows;  // of a micro-batch
  double scale;
  Pass pass;
  std::map<int, Variable> inputs, outputs;  // of the blocks of this stage; the last output is the loss
  std::map<int, Tensor> gradients;          // that came from the next stage, or go to the previous one
  double loss = 0;
};

Span layers_of_stage(const GptConfig& config, int stage, int stages) {
  GPT_REQUIRE(stages <= config.layers, "{} layers are too few for {} stages of a pipeline", config.layers,
              stages);
  return span_of(config.layers, stage, stages);
}

Pipeline::Pipeline(Gpt& model, const TensorSharing& sharing, Communicator& stages, PipelineOrder order)
    : model_(model), sharing_(sharing), stages_(stages), order_(order) {
  const int stage = stages.rank(), last = stages.size() - 1;
  const Span layers = sharing.place().layers, wanted = layers_of_stage(model.config(), stage, stages.size());
  GPT_CHECK(layers == wanted, "stage {} of {} has the layers from {} to {}, not from {} to {}", stage,
            stages.size(), wanted.from, wanted.to, layers.from, layers.to);
  ends_ = stages.split(stage == 0 || stage == last ? 0 : 1, stage);
}

// [pass]
void Pipeline::forward(int m, Batch& batch) {
  const Pass pass{true, batch.pass.seed, batch.pass.step, batch.pass.first_sample + m * batch.rows};
  const auto rows = [&](const Tensor& whole) { return whole.slice(0, m * batch.rows, (m + 1) * batch.rows); };
  const Variable x = sharing_.first() ? model_.embed(rows(batch.tokens), pass) : batch.inputs.at(m);
  const auto [from, to] = sharing_.place().layers;
  Variable y = model_.blocks(x, from, to, pass);
  if (sharing_.last()) {
    y = model_.loss_of(y, rows(batch.targets), batch.scale, pass);
    batch.loss += y.value().item();
  }
  batch.outputs[m] = y;
  most_held_ = std::max(most_held_, static_cast<int>(batch.outputs.size()));
}

void Pipeline::backward(int m, Batch& batch) {
  const Variable y = batch.outputs.extract(m).mapped();
  if (sharing_.last())
    y.backward();
  else
    y.backward(batch.gradients.extract(m).mapped());
  if (!sharing_.first()) batch.gradients[m] = batch.inputs.extract(m).mapped().gradient();
}
// [/pass]

// [follow]
void Pipeline::follow(const Instruction& instruction, Batch& batch) {
  using Kind = Instruction::Kind;
  const auto [kind, m, other] = instruction;
  const int previous = stages_.rank() - 1, next = stages_.rank() + 1;
  const Backend& backend = model_.backend();
  const Shape shape{batch.rows, batch.tokens.size(1), model_.config().width};
  const auto take_gradient = [&](int of) { return batch.gradients.extract(of).mapped(); };
  switch (kind) {
    case Kind::forward:
      return forward(m, batch);
    case Kind::backward:
      return backward(m, batch);
    case Kind::send_output:
      return stages_.send(batch.outputs.at(m).value(), next);
    case Kind::send_gradient:
      return stages_.send(take_gradient(m), previous);
    case Kind::receive_output:
      batch.inputs[m] = Variable::leaf(backend.empty(shape));
      return stages_.receive(batch.inputs.at(m).value(), previous);
    case Kind::receive_gradient:
      batch.gradients[m] = backend.empty(shape);
      return stages_.receive(batch.gradients.at(m), next);
    case Kind::swap_with_next:
      batch.gradients[other] = backend.empty(shape);
      return stages_.exchange(batch.outputs.at(m).value(), batch.gradients.at(other), next);
    case Kind::swap_with_previous:
      batch.inputs[other] = Variable::leaf(backend.empty(shape));
      return stages_.exchange(take_gradient(m), batch.inputs.at(other).value(), previous);
  }
}
// [/follow]

// [run]
double Pipeline::run(const Tensor& tokens, const Tensor& targets, int micro_batches, double scale,
                     const Pass& pass) {
  GPT_CHECK(micro_batches >= 1 && tokens.size(0) % micro_batches == 0, "{} samples in {} micro-batches",
            tokens.size(0), micro_batches);
  Batch batch{tokens, targets, tokens.size(0) / micro_batches, scale, pass, {}, {}, {}, 0};
  most_held_ = 0;
  for (const Instruction& instruction : with_messages(order_, stages_.rank(), stages_.size(), micro_batches))
    follow(instruction, batch);
  // The token table lies on both ends: the gradient of the head came here, that of the embedding there.
  if (stages_.size() > 1 && (sharing_.first() || sharing_.last())) {
    const ParameterStore& store = model_.parameters();
    ends_->all_reduce(store.gradient(store.parameter("wte.weight")), ReduceOp::sum);
  }
  return stages_.all_reduce(batch.loss, ReduceOp::sum);
}
// [/run]

}  // namespace gpt
