#pragma once
// The ways to an all-reduce, by name.

#include <array>
#include <cstddef>
#include <string_view>

namespace gpt {

enum class AllReduceAlgorithm {
  library,             ///< MPI_Allreduce, in pieces
  naive,               ///< all to rank 0, which adds; then from rank 0 to all
  tree,                ///< a binomial tree up, and the same tree down
  ring,                ///< reduce-scatter around a ring, then all-gather around it
  recursive_doubling,  ///< exchange everything with partners at distance 1, 2, 4, …
  halving_doubling,    ///< halves with partners at distance …, 4, 2, 1, and back (Rabenseifner 2004)
  hierarchical,        ///< inside each host, then between the hosts, then inside again
  shared_memory,       ///< through a window of memory that the ranks of one host share
};

inline constexpr std::array all_reduce_algorithms{AllReduceAlgorithm::library,
                                                  AllReduceAlgorithm::naive,
                                                  AllReduceAlgorithm::tree,
                                                  AllReduceAlgorithm::ring,
                                                  AllReduceAlgorithm::recursive_doubling,
                                                  AllReduceAlgorithm::halving_doubling,
                                                  AllReduceAlgorithm::hierarchical,
                                                  AllReduceAlgorithm::shared_memory};

/// "ring", "recursive-doubling", …: what options and tables call it.
constexpr std::string_view name_of(AllReduceAlgorithm algorithm) {
  constexpr std::array<std::string_view, all_reduce_algorithms.size()> names{
      "library",          "naive",        "tree",         "ring", "recursive-doubling",
      "halving-doubling", "hierarchical", "shared-memory"};
  return names[static_cast<size_t>(algorithm)];
}

}  // namespace gpt
