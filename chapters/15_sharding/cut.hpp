#pragma once
// How a GPT's parameters are cut so that several ranks compute one layer together.

#include <string>
#include <string_view>

#include "03_optimizers/parameter_store.hpp"
#include "05_gpt/gpt.hpp"

namespace gpt {

// [cut]
/// Which dimension of a parameter is shared out to the ranks. `blocks`: so many matrices lie one below the
/// other, and each is shared out by itself, as GPT-2's query, key and value are in c_attn.
struct Cut {
  int dimension = -1;  ///< -1: every rank has all of it
  int64_t blocks = 1;
  bool shared_out() const { return dimension >= 0; }
};
// [/cut]

/// The numbers from … to-1.
struct Span {
  int64_t from = 0, to = 0;
  int64_t count() const { return to - from; }
  bool operator==(const Span&) const = default;
};

/// What rank `rank` gets of n things: shares that differ by at most one, in order of rank.
constexpr Span span_of(int64_t n, int rank, int ranks) {
  return {n * rank / ranks, n * (rank + 1) / ranks};
}

/// A rank's share of a parameter, as a view of the whole one. Where there are several blocks they become a
/// dimension of their own in front, so the view has one more: for (3C, C) in 3 blocks (3, C / ranks, C).
Tensor share_view(const Tensor& whole, const Cut& cut, int rank, int ranks);
/// The shape in which a rank keeps its share: for (3C, C) in 3 blocks (3C / ranks, C).
Shape share_shape(const Shape& whole, const Cut& cut, int rank, int ranks);

/// How a parameter of a GPT is cut, by its name.
Cut cut_of(std::string_view name);

/// Which part of the model a rank has: the layers from … to-1, and of each the share `rank` of `ranks`. The
/// tables belong to the first layer, the last norm to the last one, and the token table, which is the head's
/// matrix as well, to both.
struct Place {
  Span layers;
  int rank = 0, ranks = 1;
  bool holds(const WholeParameter& parameter, const GptConfig& config) const;
};

/// How many numbers such a rank keeps, without padding.
int64_t parameter_count(const GptConfig& config, const Place& place);

}  // namespace gpt
