#pragma once

#include <cstdint>
#include <vector>

namespace gpt {

/// A job of several ranks that has ended.
struct EndedJob {
  int exit_code = 0;       ///< 0, 1 (something is wrong), 2 (the user's mistake), or more: it was broken off
  int64_t checkpoint = 0;  ///< step of the newest checkpoint at its end; 0: there is none
};

enum class Next {
  rest,         ///< all steps are done
  give_up,      ///< another start would cure nothing
  start_again,  ///< from the newest checkpoint
};

/// What a launcher does next. `jobs`: all that it has started so far, oldest first, at least one; `steps`: of
/// the whole run. A job that ends with 0 before the last step was asked to stop, so that more ranks can take
/// part in the next. Broken off, a job is started again; not so the `patience`-th of a row that was broken
/// off without a new checkpoint. A checkpoint is new when no job before it had one of so late a step.
Next what_next(const std::vector<EndedJob>& jobs, int64_t steps, int patience);

/// The number of ranks of the next job: as many of `alive` as can share `batch` sequences. With `leaves` more
/// than 0 sums are added in a binary tree with so many leaves: then a power of two, and at most `leaves`. At
/// least 1 where `alive` is.
int next_ranks(int alive, int64_t batch, int64_t leaves);

}  // namespace gpt
