#include "13_compression/pieces.hpp"

#include <algorithm>

namespace gpt {

// [pieces]
std::vector<std::vector<Piece>> pieces_by_bucket(const ParameterStore& parameters, const BucketPlan& plan) {
  std::vector<std::vector<Piece>> result(plan.buckets.size());
  for (size_t p = 0; p < plan.of_parameter.size(); ++p) {
    const Parameter& parameter = parameters.parameters()[p];
    Piece piece{.from = parameter.offset, .elements = parameter.elements};
    if (parameter.shape.rank() >= 2 && parameter.elements > 0) {
      piece.rows = parameter.shape[0];
      piece.columns = parameter.elements / piece.rows;
    }
    result[static_cast<size_t>(plan.of_parameter[p].last)].push_back(piece);
  }
  return result;
}
// [/pieces]

Tensor pack(const Workshop& workshop, const std::vector<Piece>& pieces, const Tensor& row) {
  int64_t total = 0;
  for (const Piece& piece : pieces) total += piece.elements;
  if (total == 0) return {};
  const Tensor packed({total}, DType::f32, workshop.memory());
  int64_t next = 0;
  for (const Piece& piece : pieces) {
    workshop.copy(elements_of(packed, Bucket{next, next + piece.elements, 0}), elements_of(row, piece));
    next += piece.elements;
  }
  return packed;
}

void unpack(const Workshop& workshop, const std::vector<Piece>& pieces, const Tensor& packed,
            const Tensor& row) {
  int64_t next = 0;
  for (const Piece& piece : pieces) {
    workshop.copy(elements_of(row, piece), elements_of(packed, Bucket{next, next + piece.elements, 0}));
    next += piece.elements;
  }
}

void sum_whole(Carrier& carrier, const Workshop& workshop, const std::vector<Piece>& pieces,
               const Tensor& row, const Tensor& sums) {
  const Tensor packed = pack(workshop, pieces, row);
  if (!packed.defined()) return;
  carrier.sum(packed);
  unpack(workshop, pieces, packed, sums);
}

}  // namespace gpt
