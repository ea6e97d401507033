#include "07_cuda_kernels/timings.hpp"

#include "07_cuda_kernels/measure.hpp"
#include "common/file.hpp"
#include "common/table.hpp"

namespace gpt {

void print_ideas(const Ladders& ladders, size_t i) {
  const auto said = [&](const Rung& rung) {
    for (size_t before = 0; before < i; ++before)
      for (const Rung& other : ladders[before].rungs)
        if (other.name == rung.name && other.idea == rung.idea) return true;
    return false;
  };
  fmt::print("{}, {}\n", ladders[i].task, ladders[i].problem);
  for (const Rung& rung : ladders[i].rungs)
    if (!said(rung)) fmt::print("  {}: {}\n", rung.name, rung.idea);
  fmt::print("\n");
}

#if GPT_CUDA_KERNELS
bool has_gpu() {
  return cuda::device_count() > 0;
}

void Timings::show(Ladders small, Ladders large) {
  if (measured_.is_null()) {
    const DeviceFacts facts = cuda::device_facts();
    measured_ = {{"gpu", facts.name}, {"versions", facts.versions}, {"l2_bytes", facts.l2_bytes}};
    fmt::print("{}, {}\n\n", facts.name, facts.versions);
  }
  // Beside the rungs that are compared with it: a GPU's clock and temperature drift.
  const double copy = cuda::copy_bandwidth();
  for (size_t i = 0; i < large.size(); ++i) {
    Ladder& ladder = large[i];
    std::vector<bool> right(ladder.rungs.size(), true);
    for (const Ladder& other : small) {
      if (other.task != ladder.task) continue;
      for (size_t r = 0; r < std::min(right.size(), other.rungs.size()); ++r) {
        other.rungs[r].run();
        right[r] = right[r] && other.error() <= other.tolerance;
      }
    }
    print_ideas(large, i);
    show(ladder, right, copy);
  }
}

void Timings::show(Ladder& ladder, const std::vector<bool>& right, double copy) {
  const bool by_flops = ladder.flops > 0;
  const double work = by_flops ? ladder.flops : ladder.ideal_bytes;
  const double library = ladder.library ? cuda::milliseconds(ladder.library) : NAN;
  const double ceiling = by_flops ? library : 1e3 * work / copy;
  const auto speed = [&](double ms) { return work / ms / (by_flops ? 1e9 : 1e6); };
  Table table({{"rung"},
               {"result"},
               {"time", "ms", "{:.3f}"},
               {"speed", by_flops ? "TFLOP/s" : "GB/s", "{:.1f}"},
               {by_flops ? "of the library" : "of a copy", "%", "{:.0f}"}});
  nlohmann::ordered_json rungs = nlohmann::ordered_json::array();
  for (size_t r = 0; r < ladder.rungs.size(); ++r) {
    const double time = cuda::milliseconds(ladder.rungs[r].run);
    std::string verdict = right[r] ? "right" : "WRONG";
    if (r + 1 == ladder.rungs.size()) {
      const double error = ladder.error();
      if (!(error <= ladder.tolerance)) verdict = fmt::format("WRONG by {:.1g}", error);
    }
    table.row(ladder.rungs[r].name, verdict, time, speed(time), 100 * ceiling / time);
    rungs.push_back({{"name", ladder.rungs[r].name}, {"right", verdict == "right"}, {"ms", time}});
  }
  if (ladder.library) table.row("library", "", library, speed(library), 100.0);
  fmt::print("{}\n", table.text());
  nlohmann::ordered_json entry{{"task", ladder.task},         {"problem", ladder.problem},
                               {"bytes", ladder.ideal_bytes}, {"flops", ladder.flops},
                               {"copy_gb_per_s", copy / 1e9}, {"rungs", rungs}};
  if (ladder.library) entry["library_ms"] = library;
  measured_["ladders"].push_back(entry);
  write();
}

void Timings::write() const {
  if (!path_.empty()) write_file_atomically(path_, measured_.dump(1) + "\n");
}
#else
bool has_gpu() {
  return false;
}

void Timings::show(Ladders, Ladders) {}
#endif

}  // namespace gpt
