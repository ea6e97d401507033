#pragma once
// What the chapter's program measures: a small GPT in training on four ranks, once for each compression.

#include <cstdint>
#include <string>

namespace gpt {

struct StudyResult {
  double loss = 0;          ///< of the last steps, on average
  double bytes_a_step = 0;  ///< that each rank sends, after the warm-up
};

constexpr int study_ranks = 4;

/// Trains for so many steps on threads; the first `warmup` of them with whole gradients, where a compression
/// wants it. `spec` as make_compression() takes it.
StudyResult train_with(const std::string& spec, int64_t steps, int64_t warmup);

/// Parameters of the GPT that is trained.
int64_t study_parameters();

}  // namespace gpt
