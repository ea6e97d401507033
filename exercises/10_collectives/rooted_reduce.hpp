#pragma once

#include "10_collectives/point_to_point.hpp"

namespace gpt {

/// `root`'s row (f32) becomes the sum over all ranks; what is left in the other rows does not matter. Along a
/// binomial tree: no rank sends more than one message or receives more than ⌈log2 p⌉.
void rooted_reduce(const PointToPoint& group, const Tensor& row, int root);

}  // namespace gpt
