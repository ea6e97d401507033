// A first signal is a wish, a second one is an order.
#include "16_trainer/stop.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace gpt {
namespace {

TEST(StopSignals, TheFirstIsAWishAndTheSecondEndsTheProcess) {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
    const StopSignals stop;
    EXPECT_FALSE(stop.requested());
    std::raise(signal);
    EXPECT_TRUE(stop.requested());
    EXPECT_EXIT(std::raise(SIGTERM), testing::ExitedWithCode(128 + SIGTERM), "");
  }
}

TEST(StopSignals, AfterwardsASignalIsASignalAgain) {
  { const StopSignals stop; }
  EXPECT_EXIT(std::raise(SIGTERM), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace gpt
