// Says: ranks of one host need not be neighbours
#include "exercises/12_nccl/device_of_rank.hpp"

namespace gpt {

ChosenDevice device_of_rank(int rank, const std::vector<std::string>& hosts, int gpus_per_host) {
  int first = rank;
  while (first > 0 && hosts[static_cast<size_t>(first - 1)] == hosts[static_cast<size_t>(rank)]) --first;
  int last = rank;
  while (last + 1 < static_cast<int>(hosts.size()) &&
         hosts[static_cast<size_t>(last + 1)] == hosts[static_cast<size_t>(rank)])
    ++last;
  const int place = rank - first, on_host = last - first + 1;
  return {place % gpus_per_host, place >= gpus_per_host || place + gpus_per_host < on_host};
}

}  // namespace gpt
