#include <fmt/format.h>

#include "03_optimizers/parameter_store.hpp"

int main() {
  gpt::ParameterStore store;
  const auto zeros = [](const gpt::Tensor& value, const gpt::RandomStream&) { value.fill(0.0); };
  store.declare("first", {3, 4}, zeros);
  store.declare("second", {4}, zeros);
  store.allocate(1);
  for (const gpt::Parameter& p : store.parameters()) fmt::print("{:8} {} at {}\n", p.name, p.shape, p.offset);
}
