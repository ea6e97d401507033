// The arithmetic that all algorithms share.

#include <array>

#include "09_averaging/reduce.hpp"
#include "10_collectives/collectives.hpp"

namespace gpt {

void combine(const Tensor& first, const Tensor& second, const Tensor& into, ReduceOp op) {
  reduce(std::array{first, second}, op == ReduceOp::average ? ReduceOp::sum : op, std::array{into});
}

void finish_average(const Tensor& row, ReduceOp op, int ranks) {
  if (op == ReduceOp::average) divide(row, ranks);
}

}  // namespace gpt
