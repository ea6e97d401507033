#include "exercises/10_collectives/rooted_reduce.hpp"

#include "exercises/todo.hpp"

namespace gpt {

void rooted_reduce(const PointToPoint& group, const Tensor& row, int root) {
  todo(
      "number the ranks anew, so that the root is 0; then at distance 1, 2, 4, … one half sends to the "
      "other");
}

}  // namespace gpt
