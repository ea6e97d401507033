#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gpt {

/// Buckets that cut no parameter in two. Parameter i has sizes[i] bytes; they come in the order in which the
/// backward pass finishes them, and stay in it. A bucket is closed before the parameter with which it would
/// have more than `limit` bytes; a larger parameter has a bucket of its own. Returns for every bucket the
/// number of its first parameter.
std::vector<size_t> whole_buckets(const std::vector<int64_t>& sizes, int64_t limit);

}  // namespace gpt
