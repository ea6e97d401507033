#pragma once
// A small GPT on several ranks, and what each of them holds and sends.

#include "05_gpt/gpt.hpp"
#include "09_averaging/communicator.hpp"
#include "15_sharding/memory_plan.hpp"

namespace gpt {

/// What one rank saw.
struct ZeroMeasurement {
  HeldBytes held;  ///< after a step: the memory behind the buffers, as the system counts it; 0 if it does not
  HeldBytes peak;  ///< the most of each in the forward and the backward pass, on a network that just keeps up
  int64_t sent = 0;  ///< bytes in the last step
  HeldBytes planned, planned_peak;
  int64_t planned_sent = 0;
  double loss = 0;      ///< of the last step, over all ranks
  double checksum = 0;  ///< the sum of all parameters
};

/// The shape whose memory the lesson shows: 2.5 million parameters.
GptConfig study_shape();

/// Trains for some steps on rows of a walrus's text, two for each rank. Collective.
ZeroMeasurement measure_zero(int stage, Communicator& communicator, const GptConfig& shape, int64_t steps);

}  // namespace gpt
