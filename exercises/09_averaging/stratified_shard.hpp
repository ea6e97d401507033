#pragma once

#include <cstdint>
#include <vector>

#include "01_tensors/tensor.hpp"

namespace gpt {

/// The numbers, in ascending order, of the samples of one worker: of every class it gets as many as the
/// others, give or take one, and so it does of all samples together. Every sample belongs to exactly one
/// worker. labels: (N) i32, 0 … classes-1. A function of its arguments alone.
std::vector<int64_t> stratified_shard(const Tensor& labels, int64_t classes, int workers, int worker);

}  // namespace gpt
