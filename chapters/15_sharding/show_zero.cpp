// The stages of ZeRO: what each holds, what it sends, and that all train alike.

#include <array>

#include "15_sharding/shows.hpp"
#include "15_sharding/zero_study.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

constexpr int ranks = 4;
constexpr double mb = 1e6;

std::array<ZeroMeasurement, 4> measure_all(int64_t steps) {
  std::array<ZeroMeasurement, 4> all;
  for (int stage = 0; stage < 4; ++stage)
    run_threads(ranks, [&](Communicator& communicator) {
      const ZeroMeasurement mine = measure_zero(stage, communicator, study_shape(), steps);
      if (communicator.rank() == 1) all[static_cast<size_t>(stage)] = mine;
    });
  return all;
}

}  // namespace

// [show_memory]
void show_memory() {
  const auto all = measure_all(2);
  fmt::print(
      "{} parameters on {} ranks; rank 1, in MB between two steps: planned, and as the system counts.\n\n",
      parameter_count(study_shape()), ranks);
  Table held({{"stage"},
              {"parameters", "planned", "{:.1f}"},
              {"", "found", "{:.1f}"},
              {"gradients", "planned", "{:.1f}"},
              {"", "found", "{:.1f}"},
              {"moments", "planned", "{:.1f}"},
              {"", "found", "{:.1f}"},
              {"all", "found", "{:.1f}"}});
  for (size_t stage = 0; stage < all.size(); ++stage) {
    const HeldBytes &plan = all[stage].planned, &found = all[stage].held;
    held.row(stage, plan.parameters / mb, found.parameters / mb, plan.gradients / mb, found.gradients / mb,
             plan.moments / mb, found.moments / mb, found.total() / mb);
  }
  fmt::print("{}", held.text());
  fmt::print("\nThe most of it in the middle of a step, on a network that just keeps up.\n\n");
  Table peak({{"stage"},
              {"parameters", "planned", "{:.1f}"},
              {"", "found", "{:.1f}"},
              {"gradients", "planned", "{:.1f}"},
              {"", "found", "{:.1f}"}});
  for (size_t stage = 0; stage < all.size(); ++stage) {
    const HeldBytes &plan = all[stage].planned_peak, &found = all[stage].peak;
    peak.row(stage, plan.parameters / mb, found.parameters / mb, plan.gradients / mb, found.gradients / mb);
  }
  fmt::print("{}", peak.text());
}
// [/show_memory]

void show_stages() {
  const auto all = measure_all(10);
  fmt::print("{} parameters on {} ranks, 10 steps.\n\n", parameter_count(study_shape()), ranks);
  Table table({{"stage"},
               {"sent", "MB a step, planned", "{:.2f}"},
               {"", "counted", "{:.2f}"},
               {"of stage 0", "times", "{:.2f}"},
               {"loss", {}, "{:.2f}"},
               {"all parameters", "added up", "{:.0f}"}});
  for (size_t stage = 0; stage < all.size(); ++stage)
    table.row(stage, static_cast<double>(all[stage].planned_sent) / mb,
              static_cast<double>(all[stage].sent) / mb,
              static_cast<double>(all[stage].sent) / static_cast<double>(all[0].sent), all[stage].loss,
              all[stage].checksum);
  fmt::print("{}", table.text());
}

}  // namespace gpt
