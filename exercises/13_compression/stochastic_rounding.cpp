#include "exercises/13_compression/stochastic_rounding.hpp"

#include "exercises/todo.hpp"

namespace gpt {

void round_stochastically(std::span<int32_t> whole, std::span<const float> x, float step,
                          const RandomStream& random) {
  todo("floor, not a conversion to int: they differ below 0");
}

}  // namespace gpt
