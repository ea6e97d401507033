#pragma once
// Whole tensors, bucket by bucket.

#include <span>
#include <vector>

#include "11_ddp/bucket.hpp"
#include "13_compression/carrier.hpp"
#include "13_compression/quantised.hpp"

namespace gpt {

/// A parameter's place in the row of gradients.
struct Piece {
  int64_t from = 0, elements = 0;
  int64_t rows = 0,
          columns = 0;  ///< of a tensor of rank 2 and more: the first dimension and the others; else 0
};

/// The parameters whose last element lies in each bucket. When that bucket's turn comes, all of their
/// gradients are final, for the buckets before it have had theirs.
std::vector<std::vector<Piece>> pieces_by_bucket(const ParameterStore& parameters, const BucketPlan& plan);

/// The elements of pieces of `row`, one piece after the other; an undefined tensor when there are none.
Tensor pack(const Workshop& workshop, const std::vector<Piece>& pieces, const Tensor& row);
/// The way back, into pieces of the same sizes.
void unpack(const Workshop& workshop, const std::vector<Piece>& pieces, const Tensor& packed,
            const Tensor& row);

/// The sum over the ranks of pieces of `row` that are too small to be compressed, all in one message, into
/// the same pieces of `sums`. Collective.
void sum_whole(Carrier& carrier, const Workshop& workshop, const std::vector<Piece>& pieces,
               const Tensor& row, const Tensor& sums);

/// Its elements in a row as long as the arena, in whatever memory that lies.
inline std::span<float> elements_of(const Tensor& row, const Piece& piece) {
  return elements_of(row, Bucket{piece.from, piece.from + piece.elements, 0});
}

}  // namespace gpt
