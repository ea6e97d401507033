#include "exercises/10_collectives/crossover.hpp"

#include "exercises/todo.hpp"

namespace gpt {

double ring_beats_tree_from(int p, double alpha, double beta) {
  todo("set both costs equal, and solve for n");
}

int64_t best_pieces_in_a_chain(int p, double bytes, double alpha, double beta) {
  todo("derive (p - 2 + k)(α + β n / k) by k");
}

}  // namespace gpt
