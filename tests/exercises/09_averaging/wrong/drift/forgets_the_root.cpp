// Says: take the root of the sum of squares
#include "exercises/09_averaging/drift.hpp"

#include <cmath>

namespace gpt {

bool average_when_apart(Communicator& communicator, const Tensor& parameters, const Tensor& average,
                        double limit) {
  double square = 0.0;
  for (int64_t i = 0; i < parameters.elements(); ++i) {
    const double difference = double{parameters.data<float>()[i]} - average.data<float>()[i];
    square += difference * difference;
  }
  // The farthest rank decides for all. A rank that decided for itself would wait for the others in an
  // all-reduce that they never begin.
  if (communicator.all_reduce(square, ReduceOp::max) <= limit) return false;
  communicator.all_reduce(parameters, ReduceOp::average);
  average.copy_from(parameters);
  return true;
}

}  // namespace gpt
