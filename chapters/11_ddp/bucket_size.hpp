#pragma once
// How large should a bucket be? Small ones start early; large ones pay the wait for the wire less often.

#include <cstdint>
#include <vector>

#include "11_ddp/bucket.hpp"

namespace gpt {

/// What an all-reduce of so many bytes takes, as measured.
struct AllReduceTime {
  int64_t bytes = 0;
  double seconds = 0;
};

/// The time of an all-reduce of `bytes`, read off the line through the two measurements around it: before the
/// first, and beyond the last, their line goes on, but never below the first's time nor below 0. One
/// measurement or more, by rising size.
double interpolate(const std::vector<AllReduceTime>& measured, int64_t bytes);

/// When the last bucket's sum would be there, in seconds after the start of the backward pass. Buckets go one
/// after the other, each as soon as all its parameters are ready and the one before it is through; whether
/// they disturb the backward pass is not considered. `ready`: when each parameter's gradient is final, by its
/// index in the store.
double predicted_end(const ParameterStore& parameters, int64_t bucket_bytes, const std::vector<double>& ready,
                     const std::vector<AllReduceTime>& measured);

/// The candidate with the least predicted_end(); of those within 2% of it, the largest: the times are those
/// of idle processors, and beside a backward pass each sum waits longer for its turn. What no bucket size can
/// hide is the bucket of the parameter that is ready last: a GPT's token table, which the forward pass uses
/// first of all and, tied, last of all. It lies at the end of the buffer, so it holds nobody back.
int64_t choose_bucket_bytes(const ParameterStore& parameters, const std::vector<int64_t>& candidates,
                            const std::vector<double>& ready, const std::vector<AllReduceTime>& measured);

}  // namespace gpt
