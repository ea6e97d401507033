// Every mistake is reported, with its kernel and the file and line of the mistake.

#include "mutants.hpp"

#include "tests/chapters/06_simt/mutant_reports.hpp"

namespace gpt {
namespace {

/// One of the four launches the kernel of this name, the others know nothing of it.
void launch(const char* name) {
  KERNEL_SPACE::launch_mutant(name);
  KERNEL_SPACE::launch_row_mutant(name);
  KERNEL_SPACE::launch_attention_mutant(name);
  KERNEL_SPACE::launch_sparse_mutant(name);
}

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, AreReportedInEveryOrder) {
  const std::filesystem::path folder = MUTANTS_FOLDER;
  expect_reported(GetParam(), launch,
                  {folder / "mutants.cu", folder / "row_mutants.cu", folder / "attention_mutants.cu",
                   folder / "sparse_mutants.cu"});
}

/// What the machine sees in every build.
INSTANTIATE_TEST_SUITE_P(OfControl, Mutants,
                         testing::Values(Mutant{"tree_barrier_in_branch", "deadlock"},
                                         Mutant{"columns_early_return", "deadlock"},
                                         Mutant{"shuffle_in_the_loop", "which does not take part"},
                                         Mutant{"lanes_left", "which does not take part"},
                                         Mutant{"product_rows_left", "deadlock"},
                                         Mutant{"vote_of_half_the_lanes", "not in its mask"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });
INSTANTIATE_TEST_SUITE_P(OfDropoutsControl, Mutants,
                         testing::Values(Mutant{"factors_of_lanes_that_left", "which does not take part"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });
INSTANTIATE_TEST_SUITE_P(OfRowsControl, Mutants,
                         testing::Values(Mutant{"rows_of_half_a_warp", "which does not take part"},
                                         Mutant{"maximum_of_the_busy", "deadlock"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });
INSTANTIATE_TEST_SUITE_P(OfAttentionsControl, Mutants,
                         testing::Values(Mutant{"maximum_of_the_seen", "which does not take part"},
                                         Mutant{"rows_left_before_ldmatrix", "which does not take part"},
                                         Mutant{"warp_skips_the_barrier", "deadlock"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });

INSTANTIATE_TEST_SUITE_P(OfSparseControl, Mutants,
                         testing::Values(Mutant{"places_of_the_taken", "which does not take part"},
                                         Mutant{"scan_of_the_first_warp", "deadlock"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });

#ifdef SIMT_CHECKED
/// What the checker alone sees.
INSTANTIATE_TEST_SUITE_P(OfMemory, Mutants,
                         testing::Values(Mutant{"map_past_the_end", "past the end"},
                                         Mutant{"packs_past_the_end", "past the end"},
                                         Mutant{"packs_overlap", "race in global memory"},
                                         Mutant{"tree_without_barrier", "race in shared memory"},
                                         Mutant{"no_second_barrier", "race in shared memory"},
                                         Mutant{"unset_warps", "has not written"},
                                         Mutant{"target_not_checked", "bytes"},
                                         Mutant{"columns_without_atomics", "race in global memory"},
                                         Mutant{"tile_overwritten", "race in shared memory"},
                                         Mutant{"run_in_two_chunks", "race in global memory"},
                                         Mutant{"adamw_of_host", "the host's"},
                                         Mutant{"product_without_second_barrier", "race in shared memory"},
                                         Mutant{"product_edge_not_checked", "past the end"},
                                         Mutant{"same_buffer", "race in shared memory"},
                                         Mutant{"strip_without_syncwarp", "__syncwarp"},
                                         Mutant{"every_lane_writes_the_scale", "race in global memory"},
                                         Mutant{"half_a_word_each", "race in global memory"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });
INSTANTIATE_TEST_SUITE_P(OfDropoutsMemory, Mutants,
                         testing::Values(Mutant{"dropout_four_past_the_end", "past the end"},
                                         Mutant{"factors_without_barrier", "race in shared memory"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });
INSTANTIATE_TEST_SUITE_P(OfRowsMemory, Mutants,
                         testing::Values(Mutant{"softmax_total_too_early", "race in shared memory"},
                                         Mutant{"weights_not_awaited", "race in shared memory"},
                                         Mutant{"turns_without_barrier", "race in shared memory"},
                                         Mutant{"next_rows_mean", "past the end"},
                                         Mutant{"one_hot_too_early", "race in global memory"},
                                         Mutant{"row_in_whole_packs", "past the end"},
                                         Mutant{"position_past_the_context", "past the end"},
                                         Mutant{"everyone_takes_the_tail", "race in global memory"},
                                         Mutant{"copy_in_floats", "past the end"},
                                         Mutant{"residual_not_there", "not device memory"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });
INSTANTIATE_TEST_SUITE_P(OfAttentionsMemory, Mutants,
                         testing::Values(Mutant{"keys_without_barrier", "race in shared memory"},
                                         Mutant{"weights_over_keys", "race in shared memory"},
                                         Mutant{"next_keys_too_early", "race in shared memory"},
                                         Mutant{"key_of_the_future", "has not written"},
                                         Mutant{"two_blocks_add", "race in global memory"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });
INSTANTIATE_TEST_SUITE_P(OfSparseMemory, Mutants,
                         testing::Values(Mutant{"scan_without_barrier", "race in shared memory"},
                                         Mutant{"scan_too_early_again", "race in shared memory"},
                                         Mutant{"bins_without_atomics", "race in shared memory"},
                                         Mutant{"bins_not_cleared", "has not written"},
                                         Mutant{"two_lists_at_once", "race in global memory"},
                                         Mutant{"dot_too_early", "race in shared memory"},
                                         Mutant{"row_past_the_last", "past the end"}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });
#endif

}  // namespace
}  // namespace gpt
