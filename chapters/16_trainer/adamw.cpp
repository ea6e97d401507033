#include "16_trainer/adamw.hpp"

namespace gpt {

AdamW::AdamW(const ParameterStore& store, Backend& backend)
    : store_(&store),
      backend_(&backend),
      m_(backend.empty({store.size()}, store.values().dtype())),
      v_(backend.empty({store.size()}, store.values().dtype())) {
  backend.fill(m_, 0.0);
  backend.fill(v_, 0.0);
  for (const Parameter& parameter : store.parameters()) {
    // The padding behind a parameter belongs to its slice: its gradient is 0, and so it stays 0.
    if (!slices_.empty()) slices_.back().end = parameter.offset;
    if (slices_.empty() || slices_.back().decay != parameter.decay)
      slices_.push_back({parameter.offset, store.size(), parameter.decay});
    slices_.back().end = store.size();
  }
}

// [step]
void AdamW::step(const AdamWStep& step) const {
  for (const Slice& slice : slices_) {
    const auto cut = [&](const Tensor& buffer) {
      return buffer.defined() ? buffer.slice(0, slice.begin, slice.end) : buffer;
    };
    AdamWStep here = step;
    if (!slice.decay) here.weight_decay = 0.0;
    backend_->adamw(cut(store_->values()), cut(store_->gradients()), cut(m_), cut(v_),
                    cut(store_->compute_copy()), here);
  }
}
// [/step]

}  // namespace gpt
