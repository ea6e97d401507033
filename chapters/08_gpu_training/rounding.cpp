#include "08_gpu_training/rounding.hpp"

#include <cmath>

#include "01_tensors/dtype.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

/// The distance from x to the next larger bf16, which has eight significant bits.
double spacing(double x) {
  return std::exp2(std::floor(std::log2(x)) - 7);
}

}  // namespace

// [rounding]
void show_rounding() {
  Table table({{"weight"},
               {"spacing there", "", "{:.6f}"},
               {"each step"},
               {"after 1000 steps", "f32", "{:.4f}"},
               {"its copy", "bf16", "{:.4f}"},
               {"alone", "bf16", "{:.4f}"}});
  const std::pair<float, float> cases[] = {{1.0f, 3e-4f}, {0.02f, 2e-5f}, {0.02f, 7e-5f}};
  for (const auto& [weight, step] : cases) {
    float master = weight;
    bf16 alone(weight);
    for (int i = 0; i < 1000; ++i) {
      master += step;
      alone = bf16(static_cast<float>(alone) + step);
    }
    table.row(weight, spacing(weight), step, master, static_cast<float>(bf16(master)),
              static_cast<float>(alone));
  }
  fmt::print("{}", table.text());
}
// [/rounding]

}  // namespace gpt
