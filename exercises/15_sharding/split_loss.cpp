#include "exercises/15_sharding/split_loss.hpp"

#include "exercises/todo.hpp"

namespace gpt {

double split_cross_entropy(Communicator& group, std::span<double> logits, int64_t first, int64_t target) {
  todo("three numbers travel: the largest logit, a sum of exponentials, and the target's logit");
}

}  // namespace gpt
