#pragma once

#include "10_collectives/point_to_point.hpp"

namespace gpt {

/// All-reduce as a ring: every rank's `row` (f32, as long on all ranks) becomes the sum over the ranks, with
/// the same bits on all. Every rank sends 2 (p - 1) messages, each one part of the row, as part_of() cuts it
/// into p.
void ring_sum(const PointToPoint& group, const Tensor& row);

}  // namespace gpt
