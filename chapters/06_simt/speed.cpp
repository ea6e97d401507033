#include "06_simt/speed.hpp"

#include <cmath>
#include <functional>
#include <limits>

#include "06_simt/demos.hpp"
#include "06_simt/device_array.hpp"
#include "common/table.hpp"
#include "common/timing.hpp"

namespace gpt {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

double milliseconds(bool stable, const std::function<void()>& run) {
  return stable ? unknown : 1e3 * shortest_time(run, 0.2);
}

std::vector<float> numbers(int n) {
  std::vector<float> values(n);
  for (int i = 0; i < n; ++i) values[i] = std::sin(static_cast<float>(i));
  return values;
}

}  // namespace

void show_speed(bool stable) {
  const simt::ScopedOptions scoped({.workers = 1});
  const int n = 1 << 20;
  const simt::DeviceArray<float> x(numbers(n)), y(numbers(n)), out(n);
  const simt::DeviceArray<int> numbered(n);

  // [unit_costs]
  const double threads =
      milliseconds(stable, [&] { emulated::number_threads(n / 256, 256, n, numbered.data()); });
  const double barriers = milliseconds(stable, [&] { emulated::many_barriers(16, 256, 100); });
  const double shuffles = milliseconds(stable, [&] { emulated::many_shuffles(16, 256, 100, out.data()); });
  // [/unit_costs]
  Table units({{"on one core"}, {"time", "ns", "{:.1f}"}});
  units.row("a thread that stores one number", threads * 1e6 / n);
  units.row("a barrier, for each thread", barriers * 1e6 / (16 * 256 * 100));
  units.row("a shuffle, for each thread", shuffles * 1e6 / (16 * 256 * 100));
  fmt::print("{}\n", units.text());

  Table kernels({{"kernel"}, {"plain", "ms", "{:.1f}"}, {"checked", "ms", "{:.0f}"}});
  double checked_matmul = unknown, checked_softmax = unknown;
#if GPT_CHECKED_KERNELS
  checked_matmul = milliseconds(stable, [&] { checked::matmul(256, x.data(), y.data(), out.data()); });
  checked_softmax = milliseconds(stable, [&] { checked::softmax(64, 1024, x.data(), out.data()); });
#endif
  kernels.row("matmul 256 × 256 × 256 in tiles",
              milliseconds(stable, [&] { emulated::matmul(256, x.data(), y.data(), out.data()); }),
              checked_matmul);
  kernels.row("softmax 64 × 1024",
              milliseconds(stable, [&] { emulated::softmax(64, 1024, x.data(), out.data()); }),
              checked_softmax);
  fmt::print("{}", kernels.text());
}

}  // namespace gpt
