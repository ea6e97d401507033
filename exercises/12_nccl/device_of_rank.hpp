#pragma once

#include <string>
#include <vector>

namespace gpt {

struct ChosenDevice {
  int device = 0;       ///< a number from 0 to gpus_per_host - 1
  bool shared = false;  ///< another rank has the same GPU of the same host
  bool operator==(const ChosenDevice&) const = default;
};

/// The GPU of `rank`. `hosts`: for each rank the name of its host; gpus_per_host > 0. The ranks of a host
/// take its GPUs in order of rank, and begin again with the first when there are more ranks than GPUs.
ChosenDevice device_of_rank(int rank, const std::vector<std::string>& hosts, int gpus_per_host);

}  // namespace gpt
