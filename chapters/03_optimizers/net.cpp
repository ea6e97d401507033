#include "03_optimizers/net.hpp"

#include "02_backprop/operations.hpp"
#include "03_optimizers/initialisation.hpp"

namespace gpt {

// [net]
Net::Net(NetOptions options) : options_(std::move(options)) {
  for (size_t layer = 1; layer < options_.widths.size(); ++layer) {
    const int64_t in = options_.widths[layer - 1], out = options_.widths[layer];
    store_.declare(fmt::format("layer{}.weight", layer), {out, in}, options_.weights);
    store_.declare(fmt::format("layer{}.bias", layer), {out}, initial::zeros());
  }
  store_.allocate(options_.seed);
}
// [/net]

std::vector<Variable> Net::layers(const Variable& x) const {
  std::vector<Variable> outputs;
  Variable h = x;
  const size_t last = options_.widths.size() - 1;
  for (size_t layer = 1; layer <= last; ++layer) {
    const Variable& weight = store_.variable(fmt::format("layer{}.weight", layer));
    h = matmul(h, transpose(weight, 0, 1)) + store_.variable(fmt::format("layer{}.bias", layer));
    if (layer < last) h = options_.activation(h);
    outputs.push_back(h);
  }
  return outputs;
}

}  // namespace gpt
