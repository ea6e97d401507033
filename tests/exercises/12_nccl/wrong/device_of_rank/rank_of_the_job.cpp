// Says: did you take the rank of the whole job?
#include "exercises/12_nccl/device_of_rank.hpp"

namespace gpt {

ChosenDevice device_of_rank(int rank, const std::vector<std::string>& hosts, int gpus_per_host) {
  return {rank % gpus_per_host, static_cast<int>(hosts.size()) > gpus_per_host};
}

}  // namespace gpt
