#include "15_sharding/tensor_sharing.hpp"

#include <algorithm>

#include "15_sharding/tensor_parallel.hpp"

namespace gpt {

TensorSharing::TensorSharing(const GptConfig& config, Communicator& group, Span layers)
    : config_(config),
      group_(&group),
      place_{layers, group.rank(), group.size()},
      tokens_(span_of(config.vocabulary, group.rank(), group.size())),
      whole_(whole_parameters(config)) {
  config.validate();
  const int ranks = group.size();
  GPT_CHECK(0 <= layers.from && layers.from < layers.to && layers.to <= config.layers, "layers {} … {} of {}",
            layers.from, layers.to - 1, config.layers);
  GPT_REQUIRE(
      config.heads % ranks == 0,
      "{} attention heads cannot be shared out evenly to {} ranks: tensor parallelism takes a number of "
      "ranks that divides the heads",
      config.heads, ranks);
  GPT_REQUIRE(config.vocabulary >= ranks, "a vocabulary of {} tokens is too small for {} ranks",
              config.vocabulary, ranks);
}

// [declare]
void TensorSharing::declare(ParameterStore& store, const WholeParameter& whole, uint64_t seed) const {
  if (!place_.holds(whole, config_)) return;
  const Cut cut = cut_of(whole.name);
  const auto initialize = [whole, cut, seed, place = place_](const Tensor& value, const RandomStream&) {
    const Tensor all = Tensor::zeros(whole.shape, value.dtype());
    whole.initialize(all, RandomStream(seed, RandomUse::initialisation, whole.number));
    const Tensor mine = share_view(all, cut, place.rank, place.ranks);
    value.reshape(mine.shape()).copy_from(mine);
  };
  store.declare(whole.name, share_shape(whole.shape, cut, place_.rank, place_.ranks), initialize);
}
// [/declare]

// [overrides]
Variable TensorSharing::whole_to_parts(const Variable& x) const {
  return enter_parallel(*group_, x);
}

Variable TensorSharing::parts_to_whole(Backend& backend, const Variable& x, const Variable& weight,
                                       const Variable& bias, const Variable& residual) const {
  return row_parallel_linear(backend, *group_, x, weight, bias, residual);
}

Variable TensorSharing::embedding(Backend& backend, const Tensor& tokens, const Variable& token_table,
                                  const Variable& position_table, int64_t first_position) const {
  return vocabulary_parallel_embedding(backend, *group_, tokens, token_table, tokens_, position_table,
                                       first_position);
}

Variable TensorSharing::cross_entropy(Backend& backend, const Variable& logits, const Tensor& targets,
                                      double scale) const {
  return vocabulary_parallel_cross_entropy(backend, *group_, logits, tokens_, targets, scale);
}
// [/overrides]

Tensor TensorSharing::all_logits(Backend& backend, const Tensor& logits) const {
  Shape shape = logits.shape();
  shape[-1] = config_.vocabulary;
  const Tensor all = Tensor(shape, logits.dtype(), backend.allocator()).fill(0.0);
  all.slice(shape.rank() - 1, tokens_.from, tokens_.to).copy_from(logits);
  group_->all_reduce(all, ReduceOp::sum);  // a number and zeros: the number
  return all;
}

const WholeParameter& TensorSharing::whole(const std::string& name) const {
  const auto found = std::ranges::find(whole_, name, &WholeParameter::name);
  GPT_CHECK(found != whole_.end(), "there is no parameter {}", name);
  return *found;
}

bool TensorSharing::answers_for(const Parameter& parameter) const {
  if (parameter.name == "wte.weight") return first();
  return place_.rank == 0 || cut_of(parameter.name).shared_out();
}

}  // namespace gpt
