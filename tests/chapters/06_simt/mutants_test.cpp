// Every mistake is reported, with its kernel and the file and line of the mistake.

#include "mutants.hpp"

#include "tests/chapters/06_simt/mutant_reports.hpp"

namespace gpt {
namespace {

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, AreReportedInEveryOrder) {
  expect_reported(GetParam(), KERNEL_SPACE::launch_mutant, {MUTANTS_SOURCE});
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
  EXPECT_NE(report_of("divergent_barrier", KERNEL_SPACE::launch_mutant), "no error");
  EXPECT_NE(report_of("early_return", KERNEL_SPACE::launch_mutant), "no error");
  EXPECT_EQ(report_of("a kernel that is not there", KERNEL_SPACE::launch_mutant), "no error");
  EXPECT_NE(report_of("early_return", KERNEL_SPACE::launch_mutant), "no error");
}

}  // namespace
}  // namespace gpt
