#include "exercises/15_sharding/owners.hpp"

#include "exercises/todo.hpp"

namespace gpt {

Share share_of_rank(int64_t elements, int rank, int ranks) {
  todo("where does the share of rank r begin, and where that of r + 1?");
}

int owner_of(int64_t element, int64_t elements, int ranks) {
  todo("the largest rank whose share does not begin behind the element");
}

}  // namespace gpt
