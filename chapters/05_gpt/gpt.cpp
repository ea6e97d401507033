#include "05_gpt/gpt.hpp"

#include "03_optimizers/initialisation.hpp"
#include "05_gpt/gpt_operations.hpp"

namespace gpt {
namespace {

std::string in_layer(int64_t layer, std::string_view name) {
  return fmt::format("h.{}.{}", layer, name);
}

}  // namespace

void GptConfig::validate() const {
  GPT_REQUIRE(layers >= 1, "a model needs at least one layer, not {}", layers);
  GPT_REQUIRE(heads >= 1, "a model needs at least one attention head, not {}", heads);
  GPT_REQUIRE(width >= 1, "the width of a model is at least 1, not {}", width);
  GPT_REQUIRE(width % heads == 0, "the width {} does not divide into {} heads; the nearest that does is {}",
              width, heads, std::max<int64_t>(1, (width + heads / 2) / heads) * heads);
  GPT_REQUIRE(context >= 1, "the context is at least 1 token, not {}", context);
  GPT_REQUIRE(vocabulary >= 2, "a vocabulary has at least 2 tokens, not {}", vocabulary);
  GPT_REQUIRE(dropout >= 0.0f && dropout < 1.0f, "the dropout lies in [0, 1), and {} does not", dropout);
}

// [counts]
int64_t parameter_count(const GptConfig& config) {
  const int64_t width = config.width;
  const int64_t block = 12 * width * width + 13 * width;  // 4 matrices, their biases, 2 norms
  return (config.vocabulary + config.context) * width + config.layers * block + 2 * width;
}

double approximate_flops_per_token(const GptConfig& config, int64_t positions) {
  const auto layers = static_cast<double>(config.layers), width = static_cast<double>(config.width);
  const double matrices = layers * 12 * width * width + static_cast<double>(config.vocabulary) * width;
  return 6 * matrices + 12 * layers * static_cast<double>(positions) * width;
}

double activation_bytes_per_token(const GptConfig& config, int64_t number) {
  // A layer: the stream x, ln_1's output, query, key and value (3), attention's output, the stream again,
  // ln_2's output, the wide vector before (4) and after (4) GELU. Besides, in four bytes each: mean and rstd
  // of both norms, and lse of every head.
  const auto width = static_cast<double>(config.width), bytes = static_cast<double>(number);
  const double layer = 16 * width * bytes + 4.0 * static_cast<double>(4 + config.heads);
  const double head = 2 * width * bytes + 4.0 * static_cast<double>(2 + 1 + 1 + config.vocabulary);
  return static_cast<double>(config.layers) * layer + head;
}
// [/counts]

// [constructor]
std::vector<WholeParameter> whole_parameters(const GptConfig& config) {
  const int64_t width = config.width;
  const Initializer plain = initial::gpt2();
  const Initializer onto_residual = initial::gpt2_residual(static_cast<int>(config.layers));
  std::vector<WholeParameter> all;
  int64_t layer = -1;

  const auto add = [&](const std::string& name, const Shape& shape, const Initializer& initialize) {
    all.push_back({name, shape, initialize, layer, all.size()});
  };
  const auto norm = [&](const std::string& name) {
    add(name + ".weight", {width}, initial::ones());
    add(name + ".bias", {width}, initial::zeros());
  };
  const auto matrix = [&](const std::string& name, int64_t outputs, int64_t inputs,
                          const Initializer& initialize) {
    add(name + ".weight", {outputs, inputs}, initialize);
    add(name + ".bias", {outputs}, initial::zeros());
  };
  add("wte.weight", {config.vocabulary, width}, plain);
  add("wpe.weight", {config.context, width}, plain);
  for (layer = 0; layer < config.layers; ++layer) {
    norm(in_layer(layer, "ln_1"));
    matrix(in_layer(layer, "attn.c_attn"), 3 * width, width, plain);
    matrix(in_layer(layer, "attn.c_proj"), width, width, onto_residual);
    norm(in_layer(layer, "ln_2"));
    matrix(in_layer(layer, "mlp.c_fc"), 4 * width, width, plain);
    matrix(in_layer(layer, "mlp.c_proj"), width, 4 * width, onto_residual);
  }
  norm("ln_f");
  return all;
}

Gpt::Gpt(const GptConfig& config, Backend& backend, uint64_t seed, const MakeBuffer& make_gradients,
         const MakeBuffer& make_values, std::shared_ptr<const Sharing> sharing)
    : config_(config),
      backend_(&backend),
      sharing_(sharing ? std::move(sharing) : std::make_shared<Sharing>()),
      parameters_(backend.sum_type()) {
  config.validate();
  for (const WholeParameter& whole : whole_parameters(config)) sharing_->declare(parameters_, whole, seed);
  parameters_.allocate(seed, backend.compute_type(), backend.allocator(), make_gradients, make_values);
}
// [/constructor]

Variable Gpt::parameter(std::string_view name, const Pass& pass) const {
  const Variable& variable = parameters_.variable(name);
  return pass.training ? variable : variable.detach();
}

// [layer_hook]
void Gpt::begin_layer(int64_t layer) const {
  if (layer_hook_) layer_hook_(layer);
}

Variable Gpt::end_layer(const Variable& x, int64_t layer) const {
  if (!layer_hook_ || !x.requires_gradient()) return x;
  return record("end of layer", x.value(), {x}, [this, node = x.node(), layer](const Tensor& dx) {
    layer_hook_(layer);
    node->accumulate(dx);
  });
}
// [/layer_hook]

Dropout Gpt::dropout_at(uint64_t site, const Pass& pass) const {
  return {pass.training ? config_.dropout : 0.0f, pass.seed, pass.step, site, pass.first_sample};
}

Variable Gpt::norm(const Variable& x, const std::string& name, const Pass& pass) const {
  return layernorm(*backend_, x, parameter(name + ".weight", pass), parameter(name + ".bias", pass));
}

// [block]
Variable Gpt::block(const Variable& x, int64_t layer, const Pass& pass, KvCache* cache) const {
  Backend& backend = *backend_;
  const auto weight = [&](const char* name) { return parameter(in_layer(layer, name) + ".weight", pass); };
  const auto bias = [&](const char* name) { return parameter(in_layer(layer, name) + ".bias", pass); };
  const auto project = [&](const Variable& in, const char* name) {
    return linear(backend, sharing_->whole_to_parts(in), weight(name), bias(name));
  };
  /// residual + dropout(in · weightᵀ + bias); without dropout the product itself adds the residual.
  const auto branch_end = [&](const Variable& in, const char* name, const Variable& residual,
                              const Dropout& mask) {
    const auto product = [&](const Variable& added) {
      return sharing_->parts_to_whole(backend, in, weight(name), bias(name), added);
    };
    return mask.active() ? dropout(backend, product({}), residual, mask) : product(residual);
  };

  const auto site = 1 + 3 * static_cast<uint64_t>(layer);  // of the first of this layer's three dropouts
  Dropout of_weights = dropout_at(site, pass);
  of_weights.first_element = sharing_->rank() * heads_here() * x.shape()[1] * x.shape()[1];
  const Variable qkv = project(norm(x, in_layer(layer, "ln_1"), pass), "attn.c_attn");
  const Variable mixed =
      cache ? cached_attention(qkv.value(), cache->qkv[static_cast<size_t>(layer)], cache->length)
            : attention(backend, qkv, heads_here(), of_weights);
  const Variable middle = branch_end(mixed, "attn.c_proj", x, dropout_at(site + 1, pass));

  const Variable wide = project(norm(middle, in_layer(layer, "ln_2"), pass), "mlp.c_fc");
  return branch_end(gelu(backend, wide), "mlp.c_proj", middle, dropout_at(site + 2, pass));
}
// [/block]

// [forward]
Variable Gpt::embed(const Tensor& tokens, const Pass& pass, const KvCache* cache) const {
  const int64_t first = cache ? cache->length : 0;
  GPT_CHECK(tokens.rank() == 2 && tokens.dtype() == DType::i32, "tokens: {} {}", tokens.dtype(),
            tokens.shape());
  GPT_CHECK(first + tokens.size(1) <= config_.context, "{} positions, but the context is {}",
            first + tokens.size(1), config_.context);
  begin_layer(-1);
  const Variable x = sharing_->embedding(*backend_, tokens, parameter("wte.weight", pass),
                                         parameter("wpe.weight", pass), first);
  const Dropout mask = dropout_at(0, pass);
  return mask.active() ? dropout(*backend_, x, {}, mask) : x;
}

Variable Gpt::blocks(Variable x, int64_t from, int64_t to, const Pass& pass, KvCache* cache) const {
  for (int64_t layer = from; layer < to; ++layer) {
    begin_layer(layer);
    x = block(x, layer, pass, cache);
    if (layer + 1 < config_.layers) x = end_layer(x, layer);
  }
  return x;
}

Variable Gpt::normed(const Variable& x, const Pass& pass) const {
  return end_layer(norm(x, "ln_f", pass), config_.layers - 1);  // the last norm goes with the last layer
}

Variable Gpt::head(const Variable& x, const Pass& pass) const {
  begin_layer(-1);
  return unembedding(*backend_, sharing_->whole_to_parts(x), parameter("wte.weight", pass));
}

Variable Gpt::logits(const Tensor& tokens, const Pass& pass) {
  return head(normed(blocks(embed(tokens, pass), 0, config_.layers, pass), pass), pass);
}
// [/forward]

Variable Gpt::loss_of(const Variable& x, const Tensor& targets, double scale, const Pass& pass) const {
  return sharing_->cross_entropy(*backend_, head(normed(x, pass), pass), targets, scale);
}

Variable Gpt::loss(const Tensor& tokens, const Tensor& targets, double scale, const Pass& pass) {
  GPT_CHECK_EQ(tokens.shape(), targets.shape());
  return loss_of(blocks(embed(tokens, pass), 0, config_.layers, pass), targets, scale, pass);
}

KvCache Gpt::make_cache(int64_t batch) const {
  KvCache cache;
  for (int64_t layer = 0; layer < config_.layers; ++layer)
    cache.qkv.push_back(backend_->empty({batch, config_.context, 3 * config_.width / sharing_->ranks()}));
  return cache;
}

// [cache]
Tensor Gpt::cached_attention(const Tensor& qkv, const Tensor& cached_qkv, int64_t first) const {
  const int64_t batch = qkv.size(0), end = first + qkv.size(1);
  for (int64_t b = 0; b < batch; ++b)
    backend_->cast(cached_qkv.select(0, b).slice(0, first, end), qkv.select(0, b));  // a copy
  const Tensor y = backend_->empty({batch, end - first, qkv.size(2) / 3});
  const Tensor lse = backend_->empty({batch, heads_here(), end - first}, backend_->sum_type());
  backend_->attention_forward(y, lse, cached_qkv.slice(1, 0, end), heads_here(), first, {});
  return y;
}

Tensor Gpt::next_logits(const Tensor& tokens, KvCache& cache) {
  const Variable x = blocks(embed(tokens, {}, &cache), 0, config_.layers, {}, &cache);
  cache.length += tokens.size(1);
  const Tensor all = normed(x, {}).value();  // (B, new, C)
  const Tensor last = backend_->empty({all.size(0), config_.width});
  for (int64_t b = 0; b < all.size(0); ++b)
    backend_->cast(last.select(0, b), all.select(0, b).select(0, all.size(1) - 1));
  return sharing_->all_logits(*backend_, head(last, {}).value());
}
// [/cache]

}  // namespace gpt
