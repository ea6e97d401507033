#include "exercises/09_averaging/statistics.hpp"

#include "exercises/todo.hpp"

namespace gpt {

Statistics statistics_of_all(Communicator& communicator, std::span<const double> mine) {
  todo("which sums do all ranks need of each other? They fit into one tensor of f64");
}

}  // namespace gpt
