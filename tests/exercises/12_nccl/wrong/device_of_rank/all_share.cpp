// Says: rank 1 has its GPU for itself
#include "exercises/12_nccl/device_of_rank.hpp"

namespace gpt {

ChosenDevice device_of_rank(int rank, const std::vector<std::string>& hosts, int gpus_per_host) {
  const std::string& mine = hosts[static_cast<size_t>(rank)];
  int place = 0, on_host = 0;
  for (int other = 0; other < static_cast<int>(hosts.size()); ++other) {
    if (hosts[static_cast<size_t>(other)] != mine) continue;
    ++on_host;
    if (other < rank) ++place;
  }
  return {place % gpus_per_host, on_host > gpus_per_host};
}

}  // namespace gpt
