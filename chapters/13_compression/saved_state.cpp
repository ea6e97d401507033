#include "13_compression/saved_state.hpp"

#include <fmt/format.h>

namespace gpt {
namespace {

void add(const Tensor& sum, const Tensor& part, float factor) {
  float* s = sum.data<float>();
  const float* p = part.data<float>();
  for (int64_t i = 0; i < sum.elements(); ++i) s[i] += factor * p[i];
}

std::string part_name(const std::string& name, int rank) {
  return fmt::format("{}.{}", name, rank);
}

}  // namespace

// [gather]
SavedState gather_state(Compression& compression, Communicator& communicator) {
  const bool collects = communicator.rank() == 0;
  SavedState saved;
  for (const StateRow& state : compression.state()) {
    const Tensor row = state.row.host().clone();
    if (collects)
      saved.emplace_back(state.kind == StateRow::Kind::parts ? part_name(state.name, 0) : state.name, row);
    if (state.kind == StateRow::Kind::common) continue;
    if (!collects) communicator.send(row, 0);
    for (int rank = 1; collects && rank < communicator.size(); ++rank) {
      const Tensor other(row.shape());
      communicator.receive(other, rank);
      if (state.kind == StateRow::Kind::pieces)
        add(row, other, 1.0f);
      else
        saved.emplace_back(part_name(state.name, rank), other);
    }
  }
  return saved;
}

void restore_state(Compression& compression, int rank, int ranks, int saved_ranks,
                   const std::function<Tensor(const std::string& name, const Shape& shape)>& read) {
  for (const StateRow& state : compression.state()) {
    const Shape& shape = state.row.shape();
    if (state.kind != StateRow::Kind::parts) {
      state.row.copy_from(read(state.name, shape));
    } else if (ranks == saved_ranks) {
      state.row.copy_from(read(part_name(state.name, rank), shape));
    } else {
      const Tensor row = Tensor::zeros(shape);
      for (int saved = 0; saved < saved_ranks; ++saved)
        add(row, read(part_name(state.name, saved), shape), 1.0f / static_cast<float>(ranks));
      state.row.copy_from(row);
    }
  }
}
// [/gather]

}  // namespace gpt
