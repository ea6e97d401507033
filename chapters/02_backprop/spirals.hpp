#pragma once
// Two interleaved spirals: points that no straight line can tell apart.

#include "01_tensors/tensor.hpp"

namespace gpt {

/// Labelled points in the plane.
struct Spirals {
  Tensor points;  ///< (N, 2), inside the square from -1 to 1
  Tensor labels;  ///< (N, 1): -1 on the first arm, 1 on the second
};

/// `per_arm` points on each of two arms, which wind `turns` times around the middle and differ by half a
/// turn. f64.
Spirals make_spirals(int per_arm, double turns);

}  // namespace gpt
