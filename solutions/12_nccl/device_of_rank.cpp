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
  // Those before it on the same GPU are a multiple of the GPUs away, and so are those after it.
  const bool shared = place >= gpus_per_host || place + gpus_per_host < on_host;
  return {place % gpus_per_host, shared};
}

}  // namespace gpt
