#include "08_gpu_training/memory_report.hpp"

#include "common/table.hpp"

namespace gpt {

std::string bytes_text(int64_t bytes) {
  constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < std::size(units); ++unit) value /= 1000;
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, units[unit]);
}

std::string memory_report(const std::vector<MemoryKind>& kinds, const AllocatorStatistics& statistics) {
  Table table({{"memory of the device"}, {"at the peak"}, {"of it", "%", "{:.0f}"}});
  const auto row = [&](const std::string& name, int64_t bytes) {
    table.row(name, bytes_text(bytes),
              100.0 * static_cast<double>(bytes) /
                  static_cast<double>(std::max<int64_t>(1, statistics.peak_in_use)));
  };
  int64_t rest = statistics.peak_in_use;
  for (const MemoryKind& kind : kinds) {
    row(kind.name, kind.bytes);
    rest -= kind.bytes;
  }
  row("activations and scratch", rest);
  row("all", statistics.peak_in_use);
  return table.text() + fmt::format("{} taken from the device, in {} requests of {}\n",
                                    bytes_text(statistics.reserved), statistics.system_requests,
                                    statistics.allocations);
}

}  // namespace gpt
