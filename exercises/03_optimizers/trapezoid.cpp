#include "exercises/03_optimizers/trapezoid.hpp"

#include "exercises/todo.hpp"

namespace gpt {

Schedule trapezoid_schedule(double peak, int64_t warmup, int64_t end) {
  todo("a function of the step alone: three cases, and 0 after the end");
}

}  // namespace gpt
