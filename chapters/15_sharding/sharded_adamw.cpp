#include "15_sharding/sharded_adamw.hpp"

#include <algorithm>

#include "15_sharding/paged_memory.hpp"

namespace gpt {

// [pieces]
ShardedAdamW::ShardedAdamW(const ParameterStore& store, Backend& backend, const Partition& partition,
                           int rank)
    : store_(&store), backend_(&backend) {
  int64_t owned = 0;
  const std::vector<Parameter>& all = store.parameters();
  for (const Part& part : partition.parts(rank))
    for (size_t i = 0; i < all.size(); ++i) {
      // The padding behind a parameter belongs to it: its gradient is 0, and so it stays 0.
      const int64_t end = i + 1 < all.size() ? all[i + 1].offset : store.size();
      const Part shared{std::max(part.from, all[i].offset), std::min(part.to, end)};
      if (shared.elements() <= 0) continue;
      if (!pieces_.empty() && pieces_.back().part.to == shared.from && pieces_.back().decay == all[i].decay)
        pieces_.back().part.to = shared.to;
      else
        pieces_.push_back({shared, owned, all[i].decay});
      owned += shared.elements();
    }
  m_ = paged_zeros({owned}, store.values().dtype());
  v_ = paged_zeros({owned}, store.values().dtype());
}
// [/pieces]

// [step]
void ShardedAdamW::step(const AdamWStep& step) const {
  for (const Piece& piece : pieces_) {
    const auto in_arena = [&](const Tensor& row) {
      return row.defined() ? row.slice(0, piece.part.from, piece.part.to) : row;
    };
    const auto in_moments = [&](const Tensor& row) {
      return row.slice(0, piece.at, piece.at + piece.part.elements());
    };
    AdamWStep here = step;
    if (!piece.decay) here.weight_decay = 0.0;
    backend_->adamw(in_arena(store_->values()), in_arena(store_->gradients()), in_moments(m_), in_moments(v_),
                    in_arena(store_->compute_copy()), here);
  }
}
// [/step]

}  // namespace gpt
