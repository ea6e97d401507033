#pragma once
// GPT-2 (Radford et al., 2019), written once for every backend.

#include <functional>
#include <memory>
#include <string>

#include "03_optimizers/parameter_store.hpp"
#include "05_gpt/backend.hpp"
#include "05_gpt/sharing.hpp"

namespace gpt {

/// The shape of a model.
struct GptConfig {
  int64_t layers = 4;
  int64_t heads = 4;
  int64_t width = 128;   ///< C: a multiple of heads
  int64_t context = 64;  ///< the longest sequence
  int64_t vocabulary = 256;
  float dropout = 0.0f;  ///< on embeddings, attention weights and both residual branches

  /// Throws UserError with one sentence when the numbers contradict each other.
  void validate() const;
  int64_t head_width() const { return width / heads; }
  bool operator==(const GptConfig&) const = default;
};

/// All parameters of such a model, in order of use.
std::vector<WholeParameter> whole_parameters(const GptConfig& config);

/// How many numbers such a model learns.
int64_t parameter_count(const GptConfig& config);

/// Floating-point operations of one training step per token, forward and backward, a multiplication and an
/// addition counted as two: 6 for every element of a matrix that takes part in a product (Kaplan et al.,
/// 2020), and 12 · layers · positions · width for the attention, half of which a backend may skip because the
/// mask is causal.
double approximate_flops_per_token(const GptConfig& config, int64_t positions);

/// Bytes that the tape keeps for each token between forward and backward, without dropout: 16 · width numbers
/// a layer, the last layernorm's input and output, and the logits. `number`: bytes of an activation.
double activation_bytes_per_token(const GptConfig& config, int64_t number);

/// What a forward pass needs to know besides its tokens.
struct Pass {
  bool training = false;  ///< records the tape and applies dropout
  uint64_t seed = 0;      ///< of the dropout
  uint64_t step = 0;
  int64_t first_sample = 0;  ///< number of the batch's first row within the global batch
};

/// The keys and values of the positions seen so far, so that generation computes only the new ones.
struct KvCache {
  std::vector<Tensor> qkv;  ///< per layer (B, context, 3C)
  int64_t length = 0;       ///< positions filled
};

/// Called right before the parameters of a layer are needed, in the forward pass and again in the backward
/// pass. Layer -1 is the two tables: at the embedding, and at the head, whose backward pass follows at once.
using LayerHook = std::function<void(int64_t layer)>;

/// Token and position embeddings, `layers` blocks of attention and MLP with layernorm in front of each, a
/// last layernorm, and a head that shares its matrix with the token embedding. Parameters carry the names of
/// GPT-2's published files (wte.weight, h.0.attn.c_attn.weight, …). Matrices are stored (outputs, inputs);
/// the published files store them (inputs, outputs).
class Gpt {
 public:
  /// Declares, allocates and initialises the parameters: normal with deviation 0.02, residual projections
  /// with 0.02 / sqrt(2 · layers), norms 1, biases 0. The backend must outlive the model. `make_gradients`
  /// makes the buffer of all gradients, if the backend's memory is not the place, and `make_values` that of
  /// the parameters. `sharing`: for one of several ranks that compute the model together; then every call
  /// below is collective, and so is its backward pass.
  Gpt(const GptConfig& config, Backend& backend, uint64_t seed, const MakeBuffer& make_gradients = nullptr,
      const MakeBuffer& make_values = nullptr, std::shared_ptr<const Sharing> sharing = nullptr);

  const GptConfig& config() const { return config_; }
  Backend& backend() const { return *backend_; }
  ParameterStore& parameters() { return parameters_; }
  const ParameterStore& parameters() const { return parameters_; }

  /// tokens: (B, T) i32, T ≤ context → (B, T, V) of the sum type; of a shared model, this rank's tokens.
  Variable logits(const Tensor& tokens, const Pass& pass);

  /// The sum of the cross-entropies of all B·T positions, times `scale`; targets: (B, T) i32, negative = not
  /// counted. With scale = 1 / (tokens of the global batch) the gradients of all ranks and micro-batches just
  /// add up to that of the mean loss, however unevenly the batch is split.
  Variable loss(const Tensor& tokens, const Tensor& targets, double scale, const Pass& pass);

  // The same in three parts, for a rank that has some of the layers only (chapter 15).
  /// tokens: (B, T) i32 → (B, T, C). With a cache, they are the positions after those in it.
  Variable embed(const Tensor& tokens, const Pass& pass, const KvCache* cache = nullptr) const;
  /// The layers from … to-1. x: (B, T, C) → (B, T, C).
  Variable blocks(Variable x, int64_t from, int64_t to, const Pass& pass, KvCache* cache = nullptr) const;
  /// The last norm, the head and the loss. x: (B, T, C) from the last block.
  Variable loss_of(const Variable& x, const Tensor& targets, double scale, const Pass& pass) const;

  /// The logits (B, V) of the last of the new positions; the cache grows by them. tokens: (B, new) i32.
  /// Throws Error when the cache has no room for them.
  Tensor next_logits(const Tensor& tokens, KvCache& cache);
  KvCache make_cache(int64_t batch) const;

  /// For those who fetch a layer's parameters when it needs them (chapter 15). Not while a tape is alive.
  void on_layer(LayerHook hook) { layer_hook_ = std::move(hook); }
  const LayerHook& layer_hook() const { return layer_hook_; }

 private:
  /// One layer: attention and MLP, each added to the stream.
  Variable block(const Variable& x, int64_t layer, const Pass& pass, KvCache* cache) const;
  /// One layer's attention over the positions in the cache and the new ones; stores the new ones there.
  Tensor cached_attention(const Tensor& qkv, const Tensor& cached_qkv, int64_t first) const;
  /// (B, T, C): what the head turns into logits.
  Variable normed(const Variable& x, const Pass& pass) const;
  Variable head(const Variable& x, const Pass& pass) const;
  Variable norm(const Variable& x, const std::string& name, const Pass& pass) const;
  Variable parameter(std::string_view name, const Pass& pass) const;
  Dropout dropout_at(uint64_t site, const Pass& pass) const;
  int64_t heads_here() const { return config_.heads / sharing_->ranks(); }
  void begin_layer(int64_t layer) const;
  /// x, the output of a layer, unchanged: when its gradient has arrived, the backward pass of the layer
  /// begins.
  Variable end_layer(const Variable& x, int64_t layer) const;

  GptConfig config_;
  Backend* backend_;
  std::shared_ptr<const Sharing> sharing_;
  ParameterStore parameters_;
  LayerHook layer_hook_;
};

}  // namespace gpt
