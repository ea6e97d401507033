#include <fmt/format.h>

#include "09_averaging/communicator.hpp"

int main() {
  gpt::run_threads(4, [](gpt::Communicator& communicator) {
    const double gradient = 0.1 * (communicator.rank() + 1);
    const double average = communicator.all_reduce(gradient, gpt::ReduceOp::average);
    if (communicator.rank() == 0) fmt::print("the average of 0.1, 0.2, 0.3, 0.4 is {:.2f}\n", average);
  });
}
