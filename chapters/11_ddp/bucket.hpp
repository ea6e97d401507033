#pragma once
// Which part of the gradient buffer travels with which all-reduce.

#include <cstdint>
#include <vector>

#include "03_optimizers/parameter_store.hpp"

namespace gpt {

/// The elements from … to-1 of the gradient buffer, reduced in one piece.
struct Bucket {
  int64_t from = 0, to = 0;
  int parameters = 0;  ///< how many parameters have elements here: so many must be ready before it may go
};

/// The whole buffer, cut from the front into buckets of one size; the last one may be smaller. Parameters lie
/// in the order in which the backward pass finishes them, so the buckets become ready in order, too.
struct BucketPlan {
  /// A parameter's buckets: first … last.
  struct Range {
    int first = 0, last = 0;
  };
  std::vector<Bucket> buckets;
  std::vector<Range> of_parameter;  ///< by the parameter's index in the store
};

/// One all-reduce for each parameter would be thousands of messages, each of which waits for the wire once;
/// one for the whole buffer could start only when the last gradient is there. Throws Error unless
/// `bucket_bytes` is positive; a bucket holds at least one element. The store is allocated.
BucketPlan plan_buckets(const ParameterStore& parameters, int64_t bucket_bytes);
/// Cut at the given places instead: bucket b ends before element ends[b]. They rise; the last is the end of
/// the buffer.
BucketPlan plan_buckets(const ParameterStore& parameters, const std::vector<int64_t>& ends);

}  // namespace gpt
