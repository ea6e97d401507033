#include "common/processors.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>

namespace gpt {
namespace {

Processors range(size_t first, size_t last) {
  Processors p;
  for (size_t i = first; i < last; ++i) p.set(i);
  return p;
}

TEST(Processors, ThisProcessMayRunSomewhere) {
  EXPECT_GE(allowed_processors().count(), 1u);
}

TEST(Processors, AreSharedOutOverTheRanks) {
  EXPECT_EQ(fair_share(range(0, 8), range(0, 8), {}, 1), 8);
  EXPECT_EQ(fair_share(range(0, 8), range(0, 8), {}, 3), 2);
  EXPECT_EQ(fair_share(range(0, 8), range(0, 8), 4, 2), 2);
  EXPECT_EQ(fair_share(range(0, 2), range(0, 2), {}, 5), 1) << "more ranks than processors";
}

TEST(Processors, ABoundRankUsesItsOwn) {
  EXPECT_EQ(fair_share(range(0, 4), range(0, 8), {}, 2), 4)
      << "bound to half of the machine, and alone there";
  EXPECT_EQ(fair_share(range(2, 3), range(0, 8), {}, 2), 1) << "bound to one";
  EXPECT_EQ(fair_share(range(4, 12), range(4, 12), {}, 2), 4) << "both bound to the same eight";
}

TEST(Processors, AContainersLimitIsRoundedUp) {
  const auto file = std::filesystem::temp_directory_path() / ("cpu.max-" + std::to_string(::getpid()));
  const auto quota = [&](const char* text) {
    std::ofstream(file) << text;
    return processor_quota(file);
  };
  EXPECT_EQ(quota("150000 100000\n"), 2);
  EXPECT_EQ(quota("50000 100000\n"), 1);
  EXPECT_EQ(quota("max 100000\n"), std::nullopt);
  std::filesystem::remove(file);
  EXPECT_EQ(processor_quota(file), std::nullopt);
}

}  // namespace
}  // namespace gpt
