#include "common/processors.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

namespace gpt {

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof(name) - 1);
  return name;
}

Processors allowed_processors() {
  Processors processors;
  cpu_set_t set;
  CPU_ZERO(&set);
  const bool known = ::sched_getaffinity(0, sizeof(set), &set) == 0;  // not on machines with more than 1,024
  for (unsigned i = 0; i < processors.size(); ++i)
    processors[i] = known ? CPU_ISSET(i, &set) : i < std::thread::hardware_concurrency();
  return processors;
}

std::optional<int> processor_quota(const std::filesystem::path& file) {
  std::ifstream stream(file);
  double quota = 0, period = 0;
  if (!(stream >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;  // "max", or no file
  return static_cast<int>((quota + period - 1) / period);
}

int fair_share(const Processors& own, const Processors& all, std::optional<int> quota, int ranks) {
  const int together = std::min(static_cast<int>(all.count()), quota.value_or(static_cast<int>(all.size())));
  return std::max(1, std::min(static_cast<int>(own.count()), together / std::max(1, ranks)));
}

}  // namespace gpt
