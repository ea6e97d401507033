#pragma once
// Before the first step all ranks compare what they are about to do.

#include "11_ddp/bucket.hpp"
#include "16_trainer/preparation.hpp"

namespace gpt {

/// Do all ranks run the same program, with the same choices, on the same data? Hosts may hold different
/// builds, or different files under one name. Throws FailedTogether with one sentence, which names the rank
/// and what it has otherwise, and exit_user_error. Collective.
void require_same_start(const Preparation& preparation, Communicator& communicator);

/// Do all ranks send the same buckets in the same way? Collective; throws as above.
void require_same_plan(const BucketPlan& plan, Communicator& communicator);

/// The backend of this rank, the same kind on all. Collective; throws FailedTogether with one sentence when a
/// rank cannot have it, or has another.
std::unique_ptr<Backend> make_backend_together(DeviceChoice choice, Communicator& communicator);

}  // namespace gpt
