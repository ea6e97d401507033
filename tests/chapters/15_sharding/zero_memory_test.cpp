// What a rank holds and sends is what was planned.

#include <gtest/gtest.h>

#include "15_sharding/zero_study.hpp"

namespace gpt {
namespace {

constexpr GptConfig shape{.layers = 3, .heads = 2, .width = 160, .context = 16, .vocabulary = 256};

TEST(ZeroMemory, IsAsPlannedAndSoIsWhatIsSent) {
  double losses[4] = {}, held[4] = {};
  for (int stage = 0; stage <= 3; ++stage)
    run_threads(4, [&](Communicator& communicator) {
      const ZeroMeasurement seen = measure_zero(stage, communicator, shape, 2);
      SCOPED_TRACE(fmt::format("stage {}, rank {}", stage, communicator.rank()));
      EXPECT_EQ(seen.sent, seen.planned_sent);
      const double sent[4] = {2, 2, 2, 3};
      const double psi = static_cast<double>(parameter_count(shape));
      EXPECT_LT(static_cast<double>(seen.sent), 1.02 * sent[stage] * 3 / 4 * 4 * psi);
      EXPECT_GT(static_cast<double>(seen.sent), (stage == 3 ? 0.85 : 0.98) * sent[stage] * 3 / 4 * 4 * psi);
      if (communicator.rank() == 0) losses[stage] = seen.loss, held[stage] = seen.held.total();
      if (seen.held.total() == 0) return;  // this system does not say what is resident
      const auto expect_near = [](const char* what, double found, double planned) {
        EXPECT_NEAR(found, planned, 0.1 * planned) << what;
      };
      expect_near("parameters", seen.held.parameters, seen.planned.parameters);
      expect_near("gradients", seen.held.gradients, seen.planned.gradients);
      expect_near("moments", seen.held.moments, seen.planned.moments);
      if (communicator.rank() != 1) return;  // it alone looks around in the middle of a step
      expect_near("parameters at the most", seen.peak.parameters, seen.planned_peak.parameters);
      expect_near("gradients at the most", seen.peak.gradients, seen.planned_peak.gradients);
    });
  for (int stage = 1; stage <= 3; ++stage) {
    EXPECT_NEAR(losses[stage], losses[0], 1e-4);
    EXPECT_TRUE(held[0] == 0 || held[stage] < held[stage - 1]);
  }
}

TEST(ZeroMemory, OneLayerAndOneRank) {
  run_threads(2, [&](Communicator& communicator) {
    const GptConfig one{.layers = 1, .heads = 2, .width = 64, .context = 16, .vocabulary = 256};
    const ZeroMeasurement seen = measure_zero(3, communicator, one, 1);
    EXPECT_EQ(seen.sent, seen.planned_sent);
  });
  run_threads(
      1, [&](Communicator& communicator) { EXPECT_EQ(measure_zero(3, communicator, shape, 1).sent, 0); });
}

}  // namespace
}  // namespace gpt
