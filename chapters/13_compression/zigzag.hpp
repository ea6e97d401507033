#pragma once
// The smallest example of what a biased code does, and of what its memory mends.

#include <vector>

namespace gpt {

struct Point {
  double x = 0, y = 0;
};

/// f(x, y) = |x - y| + ½|x + y|, which is 0 at the origin alone (Karimireddy and others, 2019).
double zigzag_loss(const Point& point);

/// Descends from (1, 1) with the sign codec's version of the gradient, with or without an error memory.
/// Returns every point on the way.
std::vector<Point> descend_by_signs(bool memory, int steps, double rate);

}  // namespace gpt
