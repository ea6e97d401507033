#include "01_tensors/ladder.hpp"

#include <omp.h>

#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "01_tensors/matmul.hpp"
#include "01_tensors/philox.hpp"
#include "common/table.hpp"
#include "common/timing.hpp"

namespace gpt {
namespace {

/// A rung with its operands: f32, or bf16 for the last.
struct Contestant {
  std::string name, idea;
  MatmulFunction run;
  Tensor a, b;
  bool threaded;
};

/// A (size, size) matrix of uniform numbers in [-1, 1).
Tensor random_matrix(int64_t size, uint64_t stream) {
  const Tensor t({size, size});
  const RandomStream random(1, RandomUse::example, stream);
  uint64_t i = 0;
  for (float& x : t.span<float>()) x = 2 * random.uniform(i++) - 1;
  return t;
}

/// Seconds to measure for. Threads that wait for each other need a moment in which all of them have a core.
double budget(int threads) {
  return threads == 1 ? 0.3 : 1.5;
}

// [peak]
#if defined(__AVX512F__)
constexpr int lanes = 16;  // floats in a vector register
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

/// Twelve registers of numbers, multiplied and added to `rounds` times: nothing is loaded and nothing waits,
/// since each sum has eleven others to hide behind. Returns a number that depends on all of them.
float multiply_and_add(int64_t rounds, float factor) {
  constexpr int registers = 12;
  float x[registers][lanes] = {};
  for (int64_t round = 0; round < rounds; ++round)
    for (int r = 0; r < registers; ++r)
      for (int lane = 0; lane < lanes; ++lane) x[r][lane] = x[r][lane] * factor + 1.0f;
  float total = 0;
  for (const auto& numbers : x)
    for (const float number : numbers) total += number;
  return total;
}

/// The ceiling of this machine: operations per second on registers alone.
double peak_flops(int threads) {
  constexpr int64_t rounds = 1'000'000;
  volatile float sink = 0, factor = 0.5f;  // known only when the program runs, so the loop must be run too
  const double seconds = shortest_time(
      [&] {
#pragma omp parallel num_threads(threads)
        {
          const float total = multiply_and_add(rounds, factor);
#pragma omp critical
          sink = total;
        }
      },
      budget(threads));
  return 2.0 * 12 * lanes * static_cast<double>(rounds) * threads / seconds;
}
// [/peak]

/// Bytes per second that memory delivers to one thread: a tensor too large for the caches, as it is copied.
double memory_bandwidth() {
  const Tensor from = Tensor::zeros({1 << 25}), to = from.clone();
  return static_cast<double>(from.bytes()) / shortest_time([&] { to.copy_from(from); });
}

std::vector<Contestant> contestants(int64_t size) {
  const Tensor a = random_matrix(size, 1), b = random_matrix(size, 2);
  std::vector<Contestant> result;
  for (const MatmulRung& rung : matmul_ladder())
    result.push_back({std::string(rung.name), std::string(rung.idea), rung.run, a, b, rung.threaded});
  result.push_back({"oneDNN bf16", "half the bytes, and instructions made for them", matmul_onednn,
                    a.to(DType::bf16), b.to(DType::bf16), true});
  return result;
}

/// Whether a rung's result is the product in double precision, but for the rounding of sums of `size` terms.
bool agrees(const Contestant& rung, const Tensor& result) {
  const Tensor expected = matmul(rung.a.to(DType::f64), rung.b.to(DType::f64));
  return max_difference(result, expected) < 1e-6 * static_cast<double>(rung.a.size(1));
}

void show_agreement(int64_t size) {
  Table table({{"rung"}, {"a number takes", "bytes"}, {"A, B and C", "bytes"}, {"agrees"}, {"idea"}});
  for (const Contestant& rung : contestants(size)) {
    const Tensor c({size, size});
    rung.run(rung.a, rung.b, c);
    table.row(rung.name, size_of(rung.a.dtype()), rung.a.bytes() + rung.b.bytes() + c.bytes(),
              agrees(rung, c) ? "yes" : "NO", rung.idea);
  }
  fmt::print("{}", table.text());
}

void show_speed(int64_t size) {
  const double operations = 2.0 * static_cast<double>(size * size * size);
  const int all = omp_get_max_threads();
  const double one_peak = peak_flops(1), all_peak = peak_flops(all), unknown = std::nan("");
  const double bandwidth = memory_bandwidth();
  fmt::print("The ceiling, on registers alone: {:.0f} GFLOP/s with one thread, {:.0f} with {}.\n",
             one_peak / 1e9, all_peak / 1e9, all);
  fmt::print("Memory delivers {:.1f} GB/s to one thread: {:.0f} operations in the time of a byte.\n\n",
             bandwidth / 1e9, one_peak / bandwidth);

  Table table({{"rung"},
               {"one thread", "GFLOP/s", "{:.1f}"},
               {"of ceiling", "%", "{:.1f}"},
               {fmt::format("{} thread{}", all, all == 1 ? "" : "s"), "GFLOP/s", "{:.1f}"},
               {"of ceiling", "%", "{:.1f}"},
               {"idea"}});
  for (const Contestant& rung : contestants(size)) {
    const Tensor c({size, size});
    const auto speed = [&](int threads) {
      omp_set_num_threads(threads);
      rung.run(rung.a, rung.b, c);  // the first call prepares code and touches the memory
      GPT_CHECK(agrees(rung, c), "{} is wrong with {} threads", rung.name, threads);
      return operations / shortest_time([&] { rung.run(rung.a, rung.b, c); }, budget(threads));
    };
    const bool f32 = rung.a.dtype() == DType::f32;  // the ceiling was measured in f32
    const double one = speed(1), many = rung.threaded ? speed(all) : unknown;
    table.row(rung.name, one / 1e9, f32 ? 100 * one / one_peak : unknown, many / 1e9,
              f32 ? 100 * many / all_peak : unknown, rung.idea);
  }
  omp_set_num_threads(all);
  fmt::print("{}", table.text());
}

}  // namespace

void show_ladder(int64_t size, bool stable) {
  const int64_t operations = 2 * size * size * size, bytes = 3 * 4 * size * size;
  fmt::print("C = A·B of size {0}×{0} takes 2·{0}³ = {1} operations on {2} bytes: {3:.0f} for each byte.\n\n",
             size, operations, bytes, static_cast<double>(operations) / static_cast<double>(bytes));
  if (stable)
    show_agreement(size);
  else
    show_speed(size);
}

}  // namespace gpt
