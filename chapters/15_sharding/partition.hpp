#pragma once
// Which rank owns which part of the arena.

#include <cstdint>
#include <vector>

#include "03_optimizers/parameter_store.hpp"

namespace gpt {

/// The elements from … to-1 of the arena.
struct Part {
  int64_t from = 0, to = 0;
  int64_t elements() const { return to - from; }
  bool operator==(const Part&) const = default;
};

// [partition]
/// The arena is cut into units (a GPT's layers), and every unit into one part for each rank. So a unit can be
/// summed or gathered by all ranks at once, each giving and taking the same share: were the arena cut into
/// one long part for each rank, a layer would belong to one rank, and all others would wait for its link.
///
/// The borders between parts lie on multiples of `alignment` elements, so that where a page of memory ends, a
/// part ends; only the borders of the units lie where the layers do. Parts differ by at most `alignment`
/// elements, and in a small unit some may be empty.
class Partition {
 public:
  static constexpr int64_t page = 1024;  ///< elements of f32 in a page of 4 KiB

  /// `ends[u]`: where unit u ends and unit u+1 begins, rising; the first begins at 0, the last ends the
  /// arena.
  Partition(std::vector<int64_t> ends, int ranks, int64_t alignment = page);

  int ranks() const { return ranks_; }
  size_t units() const { return ends_.size(); }
  int64_t size() const { return ends_.back(); }  ///< elements of the arena
  Part unit(size_t u) const { return {u == 0 ? 0 : ends_[u - 1], ends_[u]}; }
  /// What `rank` owns of unit u.
  Part part(size_t u, int rank) const { return {border(u, rank), border(u, rank + 1)}; }
  /// What `rank` owns of the whole arena, in order; no empty parts.
  std::vector<Part> parts(int rank) const;
  int64_t owned(int rank) const;  ///< elements in all parts of a rank
  size_t unit_of(int64_t element) const;
  int owner(int64_t element) const;  ///< exactly one rank owns each element

 private:
  int64_t border(size_t u, int rank) const;

  std::vector<int64_t> ends_;
  int ranks_;
  int64_t alignment_;
};
// [/partition]

/// The units of a GPT's arena, in its order: the last layer with the last norm, …, layer 0, the tables. The
/// arena of any other net is one unit.
std::vector<int64_t> layer_ends(const ParameterStore& store);

}  // namespace gpt
