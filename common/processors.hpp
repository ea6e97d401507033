#pragma once
// Where this process runs: its host, and how many of the host's processors are for it. In a container or
// under a batch system these are fewer than the machine has.

#include <bitset>
#include <filesystem>
#include <optional>
#include <string>

namespace gpt {

std::string host_name();

using Processors = std::bitset<1024>;  ///< bit n: processor n of this machine

/// Those on which the system lets this process run (sched_setaffinity).
Processors allowed_processors();

/// The processors' worth of time that the container gets, rounded up, as the kernel's file cpu.max says
/// ("quota period" in microseconds, or "max period"); nothing where there is no limit.
std::optional<int> processor_quota(const std::filesystem::path& file = "/sys/fs/cgroup/cpu.max");

/// Threads for one of `ranks` processes on a machine. `own`: where this one may run; `all`: where any of them
/// may. Bound to processors of its own, a rank uses those; else it takes its part of what there is. At
/// least 1.
int fair_share(const Processors& own, const Processors& all, std::optional<int> quota, int ranks);

}  // namespace gpt
