#include "exercises/09_averaging/stratified_shard.hpp"

#include "exercises/todo.hpp"

namespace gpt {

std::vector<int64_t> stratified_shard(const Tensor& labels, int64_t classes, int workers, int worker) {
  todo("deal the samples of each class, and begin where the class before has ended");
}

}  // namespace gpt
