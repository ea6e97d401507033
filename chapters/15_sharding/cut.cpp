#include "15_sharding/cut.hpp"

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
Cut cut_of(std::string_view name) {
  const bool weight = name.ends_with(".weight");
  if (name == "wte.weight") return {.dimension = 0};
  if (name.find(".c_attn.") != name.npos) return {.dimension = 0, .blocks = 3};
  if (name.find(".c_fc.") != name.npos) return {.dimension = 0};
  if (name.find(".c_proj.") != name.npos && weight) return {.dimension = 1};
  return {};  // positions, norms, and what is added to a whole
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
      count += share_shape(parameter.shape, cut_of(parameter.name), place.rank, place.ranks).elements();
  return count;
}

}  // namespace gpt
