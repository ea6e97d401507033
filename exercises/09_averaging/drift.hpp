#pragma once

#include "09_averaging/communicator.hpp"

namespace gpt {

/// For local SGD that chooses itself when to average. Every rank calls it after every step of its own. When
/// the parameters (f32, contiguous) of any rank are further than `limit` (Euclidean distance) from `average`,
/// where all stood after the last averaging, all ranks' parameters become their average, and so does
/// `average`. Returns whether they did, the same on all ranks.
bool average_when_apart(Communicator& communicator, const Tensor& parameters, const Tensor& average,
                        double limit);

}  // namespace gpt
