#include "exercises/10_collectives/doubling_gather.hpp"

#include "exercises/todo.hpp"

namespace gpt {

void doubling_all_gather(const PointToPoint& group, const Tensor& whole, const Tensor& part) {
  todo("which parts does rank r have before round k? An aligned block of 2^k of them");
}

double doubling_all_gather_seconds(int p, double bytes, double alpha, double beta) {
  todo("log2 p messages; and how many bytes, if they double every time?");
}

}  // namespace gpt
