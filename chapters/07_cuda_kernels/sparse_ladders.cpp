#include "05_gpt/backend.hpp"
#include "07_cuda_kernels/device_tensor.hpp"
#include "07_cuda_kernels/families.hpp"
#include "07_cuda_kernels/sparse.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gpt::KERNEL_SPACE {
namespace {

using simt::DeviceArray;
using simt::DeviceTensor;

/// The indices of the k largest sizes, by sorting.
std::vector<int32_t> largest_of(const Tensor& values, int64_t k) {
  const Tensor x = values.to(DType::f64);
  const auto size = [&](int32_t i) { return std::abs(x.data<double>()[i]); };
  std::vector<int32_t> order(static_cast<size_t>(x.elements()));
  std::iota(order.begin(), order.end(), 0);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(k);
  std::partial_sort(order.begin(), middle, order.end(),
                    [&](int32_t a, int32_t b) { return size(a) > size(b) || (size(a) == size(b) && a < b); });
  order.erase(middle, order.end());
  std::sort(order.begin(), order.end());
  return order;
}

Ladder select_ladder(int64_t n, int64_t k) {
  const Tensor values = random_values({n}, 1);
  const auto x = std::make_shared<DeviceTensor>(values, DType::f32);
  const auto positions = std::make_shared<DeviceArray<int32_t>>(static_cast<size_t>(k));
  const auto scratch = std::make_shared<DeviceArray<std::byte>>(select_scratch_bytes(n));
  const auto run = [=](int rung) {
    return [=] { select_largest(positions->data(), x->floats(), n, k, 0, scratch->data(), rung); };
  };
  return {
      .task = "select_largest",
      .problem = fmt::format("{} of {} elements", k, n),
      .ideal_bytes = 4.0 * static_cast<double>(n + k),
      .rungs = {{"bisection", "the k-th largest size bit by bit: each bit is a pass that counts", run(0)},
                {"digits", "ten bits at a time: each digit is a pass that counts all its values", run(1)}},
      .error = [=] { return positions->host() == largest_of(values, k) ? 0.0 : 1.0; },
      .tolerance = 0};
}

/// Out of a row, and back into it.
Ladder take_ladder(int64_t n, int64_t k) {
  const Tensor values = random_values({n}, 1);
  const auto x = std::make_shared<DeviceTensor>(values, DType::f32);
  const auto positions = std::make_shared<DeviceArray<int32_t>>(static_cast<size_t>(k));
  const auto taken = std::make_shared<DeviceArray<float>>(static_cast<size_t>(k));
  return {.task = "draw_positions, take_at, add_at",
          .problem = fmt::format("{} of {} elements", k, n),
          .ideal_bytes = 32.0 * static_cast<double>(k),
          .rungs = {{"scattered", "a number alone costs a sector",
                     [=] {
                       draw_positions(positions->data(), n, k, 0, rounding_key(1, 1, 1));
                       take_at(taken->data(), x->floats(), positions->data(), k);
                       add_at(x->floats(), positions->data(), taken->data(), k);
                     }}},
          .error = [=] { return relative_error(x->host(), values.to(DType::f32)); },
          .tolerance = 0};
}

}  // namespace

Ladders sparse_ladders(ProblemSize size) {
  const int64_t n = size == ProblemSize::tiny ? 16384 : int64_t{1} << 26;
  return {select_ladder(n, n / 100), take_ladder(n, n / 100)};
}

}  // namespace gpt::KERNEL_SPACE
