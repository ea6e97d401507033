// Says: one rank would work while the others wait
#include "exercises/15_sharding/owners.hpp"

namespace gpt {

Share share_of_rank(int64_t elements, int rank, int ranks) {
  const int64_t each = elements / ranks;
  return {each * rank, rank + 1 == ranks ? elements : each * (rank + 1)};
}

int owner_of(int64_t element, int64_t elements, int ranks) {
  // elements · r / ranks, rounded down, is at most `element` exactly while elements · r < (element + 1) ·
  // ranks.
  return static_cast<int>(((element + 1) * ranks - 1) / elements);
}

}  // namespace gpt
