#include "15_sharding/cut.hpp"

#include "03_optimizers/initialisation.hpp"

namespace gpt {

// [view]
Tensor share_view(const Tensor& whole, const Cut& cut, int rank, int ranks) {
  if (!cut.shared_out()) return whole;
  if (cut.blocks == 1) {
    const Span mine = span_of(whole.size(cut.dimension), rank, ranks);
    return whole.slice(cut.dimension, mine.from, mine.to);
  }
  GPT_CHECK(cut.dimension == 0 && whole.size(0) % (cut.blocks * ranks) == 0, "{} in {} blocks on {} ranks",
            whole.shape(), cut.blocks, ranks);
  const int64_t height = whole.size(0) / cut.blocks;  // of a block
  const Tensor blocks = whole.rank() == 1 ? whole.reshape({cut.blocks, height})
                                          : whole.reshape({cut.blocks, height, whole.size(1)});
  const Span mine = span_of(height, rank, ranks);
  return blocks.slice(1, mine.from, mine.to);
}
// [/view]

Shape share_shape(const Shape& whole, const Cut& cut, int rank, int ranks) {
  Shape shape = whole;
  if (cut.shared_out())
    shape[cut.dimension] = cut.blocks * span_of(whole[cut.dimension] / cut.blocks, rank, ranks).count();
  return shape;
}

// [parameters]
std::vector<WholeParameter> whole_parameters(const GptConfig& config) {
  constexpr Cut replicated{}, rows{0}, rows_of_three{0, 3}, columns{1};
  const int64_t width = config.width;
  const Initializer plain = initial::gpt2();
  const Initializer onto_residual = initial::gpt2_residual(static_cast<int>(config.layers));
  std::vector<WholeParameter> all{
      {"wte.weight", {config.vocabulary, width}, rows, -1, plain},
      {"wpe.weight", {config.context, width}, replicated, -1, plain},
  };
  const auto norm = [&](int64_t layer, const std::string& name) {
    all.push_back({name + ".weight", {width}, replicated, layer, initial::ones()});
    all.push_back({name + ".bias", {width}, replicated, layer, initial::zeros()});
  };
  const auto matrix = [&](int64_t layer, const std::string& name, int64_t outputs, int64_t inputs, Cut cut,
                          const Initializer& initialize) {
    const Cut of_bias = cut.dimension == 0 ? cut : replicated;
    all.push_back({name + ".weight", {outputs, inputs}, cut, layer, initialize});
    all.push_back({name + ".bias", {outputs}, of_bias, layer, initial::zeros()});
  };
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    const std::string h = fmt::format("h.{}.", layer);
    norm(layer, h + "ln_1");
    matrix(layer, h + "attn.c_attn", 3 * width, width, rows_of_three, plain);
    matrix(layer, h + "attn.c_proj", width, width, columns, onto_residual);
    norm(layer, h + "ln_2");
    matrix(layer, h + "mlp.c_fc", 4 * width, width, rows, plain);
    matrix(layer, h + "mlp.c_proj", width, 4 * width, columns, onto_residual);
  }
  norm(config.layers, "ln_f");
  return all;
}
// [/parameters]

bool Place::holds(const WholeParameter& parameter, const GptConfig& config) const {
  const bool first = layers.from == 0, last = layers.to == config.layers;
  if (parameter.name == "wte.weight") return first || last;
  if (parameter.layer == -1) return first;
  if (parameter.layer == config.layers) return last;
  return layers.from <= parameter.layer && parameter.layer < layers.to;
}

int64_t parameter_count(const GptConfig& config, const Place& place) {
  int64_t count = 0;
  for (const WholeParameter& parameter : whole_parameters(config))
    if (place.holds(parameter, config))
      count += share_shape(parameter.shape, parameter.cut, place.rank, place.ranks).elements();
  return count;
}

}  // namespace gpt
