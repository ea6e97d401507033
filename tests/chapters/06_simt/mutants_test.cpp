// Every mistake is reported, with its kernel and the file and line of the mistake.

#include "mutants.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/check.hpp"

namespace gpt {
namespace {

using testing::HasSubstr;

/// "mutants.cu:42", the line that ends in `mark`; "" if none does.
std::string place(const std::string& mark) {
  std::ifstream source(MUTANTS_SOURCE);
  std::string line;
  for (int number = 1; std::getline(source, line); ++number)
    if (line.ends_with("// " + mark)) return fmt::format("mutants.cu:{}", number);
  return "";
}

struct Mutant {
  const char* name;
  const char* says;
};
void PrintTo(const Mutant& mutant, std::ostream* out) {
  *out << mutant.name;
}

std::string report(const char* name) {
  try {
    KERNEL_SPACE::launch_mutant(name);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

void expect_reported(const Mutant& mutant) {
  const std::string said = report(mutant.name);
  EXPECT_THAT(said, HasSubstr(mutant.says));
  EXPECT_THAT(said, HasSubstr(std::string("kernel ") + mutant.name));
  ASSERT_NE(place(std::string("<- ") + mutant.name), "");
  EXPECT_THAT(said, HasSubstr(place(std::string("<- ") + mutant.name)));
  EXPECT_THAT(said, HasSubstr(place(std::string("<= ") + mutant.name)));
}

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, AreReportedInEveryOrder) {
  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random}) {
    const simt::ScopedOptions scoped({.workers = 2, .order = order});
    expect_reported(GetParam());
  }
}

/// What the machine sees in every build.
INSTANTIATE_TEST_SUITE_P(OfControl, Mutants,
                         testing::Values(Mutant{"divergent_barrier", "divergent barrier"},
                                         Mutant{"early_return", "deadlock"},
                                         Mutant{"barrier_against_shuffle", "deadlock"},
                                         Mutant{"shuffle_from_returned_lane", "which does not take part"},
                                         Mutant{"shuffle_from_outside_mask", "which does not take part"},
                                         Mutant{"not_in_own_mask", "not in its mask"},
                                         Mutant{"different_collectives", "divergent warp"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });

#ifdef SIMT_CHECKED
/// What the checker alone sees.
INSTANTIATE_TEST_SUITE_P(
    OfMemory, Mutants,
    testing::Values(Mutant{"barrier_removed", "race in shared memory"},
                    Mutant{"second_barrier_removed", "race in shared memory"},
                    Mutant{"sum_not_shared", "race in shared memory"},
                    Mutant{"past_the_end", "0 bytes past the end of an allocation of 256 bytes"},
                    Mutant{"before_the_start", "4 bytes"},
                    Mutant{"past_shared", "past the end of 256 bytes of dynamic shared"},
                    Mutant{"syncwarp_removed", "__syncwarp"}, Mutant{"syncwarp_of_half", "__syncwarp"},
                    Mutant{"unset_shared", "has not written"}, Mutant{"unset_half_word", "has not written"},
                    Mutant{"host_pointer", "the host's"}, Mutant{"no_atomic", "race in global memory"},
                    Mutant{"no_atomic_between_blocks", "race in global memory"},
                    Mutant{"atomic_against_plain", "atomic"},
                    Mutant{"same_half_word", "race in global memory"}),
    [](const auto& mutant) { return std::string(mutant.param.name); });
#endif

TEST(AfterAMistake, TheNextLaunchRunsAsIfNothingHadHappened) {
  EXPECT_NE(report("divergent_barrier"), "no error");
  EXPECT_NE(report("early_return"), "no error");
  EXPECT_EQ(report("a kernel that is not there"), "no error");
  EXPECT_NE(report("early_return"), "no error");
}

}  // namespace
}  // namespace gpt
