#include "exercises/12_nccl/device_of_rank.hpp"

#include "exercises/todo.hpp"

namespace gpt {

ChosenDevice device_of_rank(int rank, const std::vector<std::string>& hosts, int gpus_per_host) {
  todo("the place among the ranks of this host, modulo the number of GPUs");
}

}  // namespace gpt
