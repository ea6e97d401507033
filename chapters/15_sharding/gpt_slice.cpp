#include "15_sharding/gpt_slice.hpp"

#include <algorithm>

#include "15_sharding/tensor_parallel.hpp"

namespace gpt {

// [constructor]
GptSlice::GptSlice(const GptConfig& config, Backend& backend, uint64_t seed, Communicator& group, Span layers,
                   const MakeBuffer& make_gradients)
    : config_(config),
      backend_(&backend),
      group_(&group),
      place_{layers, group.rank(), group.size()},
      heads_(span_of(config.heads, group.rank(), group.size())),
      tokens_(span_of(config.vocabulary, group.rank(), group.size())),
      parameters_(backend.sum_type()) {
  config.validate();
  const int ranks = group.size();
  GPT_CHECK(backend.device() == Device::cpu, "a slice of a GPT computes in memory of the host");
  GPT_CHECK(0 <= layers.from && layers.from < layers.to && layers.to <= config.layers, "layers {} … {} of {}",
            layers.from, layers.to - 1, config.layers);
  GPT_REQUIRE(
      config.heads % ranks == 0,
      "{} attention heads cannot be shared out evenly to {} ranks: tensor parallelism takes a number of "
      "ranks that divides the heads",
      config.heads, ranks);
  GPT_REQUIRE(config.vocabulary >= ranks, "a vocabulary of {} tokens is too small for {} ranks",
              config.vocabulary, ranks);
  whole_ = whole_parameters(config);
  uint64_t number = 0;  // of the parameter in the whole model
  for (const WholeParameter& whole : whole_) {
    const RandomStream random(seed, RandomUse::initialisation, number++);
    if (!place_.holds(whole, config)) continue;
    const auto initialize = [whole, random, place = place_](const Tensor& value, const RandomStream&) {
      const Tensor all = Tensor::zeros(whole.shape, value.dtype());
      whole.initialize(all, random);
      const Tensor mine = share_view(all, whole.cut, place.rank, place.ranks);
      value.reshape(mine.shape()).copy_from(mine);
    };
    parameters_.declare(whole.name, share_shape(whole.shape, whole.cut, place_.rank, ranks), initialize);
  }
  parameters_.allocate(seed, backend.compute_type(), backend.allocator(), make_gradients);
}
// [/constructor]

Variable GptSlice::parameter(const std::string& name, const Pass& pass) const {
  const Variable& variable = parameters_.variable(name);
  return pass.training ? variable : variable.detach();
}

Dropout GptSlice::dropout_at(uint64_t site, const Pass& pass) const {
  return {pass.training ? config_.dropout : 0.0f, pass.seed, pass.step, site, pass.first_sample};
}

Variable GptSlice::embed(const Tensor& tokens, const Pass& pass) {
  GPT_CHECK(tokens.rank() == 2 && tokens.dtype() == DType::i32 && tokens.size(1) <= config_.context,
            "tokens: {} {}, and the context is {}", tokens.dtype(), tokens.shape(), config_.context);
  const Variable x = vocabulary_parallel_embedding(*backend_, *group_, tokens, parameter("wte.weight", pass),
                                                   tokens_, parameter("wpe.weight", pass));
  const Dropout mask = dropout_at(0, pass);
  return mask.active() ? dropout(*backend_, x, {}, mask) : x;
}

// [block]
Variable GptSlice::block(const Variable& x, int64_t layer, const Pass& pass) {
  Backend& backend = *backend_;
  Communicator& group = *group_;
  const std::string h = fmt::format("h.{}.", layer);
  const auto site = 1 + 3 * static_cast<uint64_t>(layer);  // of the first of this layer's three dropouts
  const auto weight = [&](const std::string& name) { return parameter(h + name + ".weight", pass); };
  const auto bias = [&](const std::string& name) { return parameter(h + name + ".bias", pass); };
  const auto norm = [&](const Variable& in, const std::string& name) {
    return layernorm(backend, in, weight(name), bias(name));
  };
  const auto spread = [&](const Variable& in, const std::string& name) {
    return column_parallel_linear(backend, group, in, weight(name), bias(name));
  };
  const auto unite = [&](const Variable& in, const std::string& name, const Variable& residual,
                         const Dropout& mask) {
    if (!mask.active()) return row_parallel_linear(backend, group, in, weight(name), bias(name), residual);
    const Variable y = row_parallel_linear(backend, group, in, weight(name), bias(name));
    return dropout(backend, y, residual, mask);
  };

  Dropout of_heads = dropout_at(site, pass);
  of_heads.first_element = heads_.from * x.shape()[1] * x.shape()[1];  // the mask has T·T elements a head
  const Variable qkv = spread(norm(x, "ln_1"), "attn.c_attn");         // (B, T, 3C / ranks)
  const Variable mixed = attention(backend, qkv, heads_.count(), of_heads);
  const Variable middle = unite(mixed, "attn.c_proj", x, dropout_at(site + 1, pass));

  const Variable wide = spread(norm(middle, "ln_2"), "mlp.c_fc");  // (B, T, 4C / ranks)
  return unite(gelu(backend, wide), "mlp.c_proj", middle, dropout_at(site + 2, pass));
}
// [/block]

Variable GptSlice::blocks(const Variable& x, const Pass& pass) {
  Variable y = x;
  for (int64_t layer = place_.layers.from; layer < place_.layers.to; ++layer) y = block(y, layer, pass);
  return y;
}

// [loss]
Variable GptSlice::loss_of(const Variable& x, const Tensor& targets, double scale, const Pass& pass) {
  const Variable normed =
      layernorm(*backend_, x, parameter("ln_f.weight", pass), parameter("ln_f.bias", pass));
  return vocabulary_parallel_cross_entropy(
      *backend_, *group_,
      unembedding(*backend_, enter_parallel(*group_, normed), parameter("wte.weight", pass)), tokens_,
      targets, scale);
}
// [/loss]

Variable GptSlice::loss(const Tensor& tokens, const Tensor& targets, double scale, const Pass& pass) {
  GPT_CHECK(first() && last(), "a stage of a pipeline has no loss of its own");
  GPT_CHECK_EQ(tokens.shape(), targets.shape());
  return loss_of(blocks(embed(tokens, pass), pass), targets, scale, pass);
}

const WholeParameter& GptSlice::whole(const std::string& name) const {
  const auto found = std::ranges::find(whole_, name, &WholeParameter::name);
  GPT_CHECK(found != whole_.end(), "there is no parameter {}", name);
  return *found;
}

bool GptSlice::answers_for(const Parameter& parameter) const {
  if (parameter.name == "wte.weight") return first();
  return place_.rank == 0 || whole(parameter.name).cut.shared_out();
}

}  // namespace gpt
