#pragma once

#include "10_collectives/point_to_point.hpp"

namespace gpt {

/// `whole` (p · elements of `part`, f32) becomes all ranks' parts in order of rank, on every rank, in log2 p
/// rounds: in round k ranks at distance 2^k exchange all that they have. p is a power of two.
void doubling_all_gather(const PointToPoint& group, const Tensor& whole, const Tensor& part);

/// What that costs in the α–β model, in seconds. bytes: of `whole`.
double doubling_all_gather_seconds(int p, double bytes, double alpha, double beta);

}  // namespace gpt
