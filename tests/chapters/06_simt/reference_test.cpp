// Kernels with nothing wrong in them, against plain loops: in all orders of threads, with one and three
// workers, in the checked build, and on a GPU where there is one.

#include "reference.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "06_simt/device_array.hpp"

namespace gpt {
namespace {

namespace kernels = KERNEL_SPACE;
using simt::DeviceArray;
using Floats = std::vector<float>;
using Ints = std::vector<int>;

class Reference : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) GTEST_SKIP() << "no GPU here";
  }

  Floats floats(int n) {
    Floats values(n);
    std::normal_distribution<float> normal;
    for (float& value : values) value = normal(random_);
    return values;
  }
  Ints ints(int n, int limit) {
    Ints values(n);
    for (int& value : values) value = static_cast<int>(random_() % limit);
    return values;
  }

  std::mt19937 random_{7};
#ifndef SIMT_USE_CUDA
  static simt::Options options() {
    const std::vector<simt::Options> all{{.workers = 1},
                                         {.workers = 1, .order = simt::Order::reverse},
                                         {.workers = 3, .order = simt::Order::forward},
                                         {.workers = 1, .order = simt::Order::random, .seed = 1},
                                         {.workers = 3,
                                          .order = simt::Order::random,
                                          .seed = 2 }};
    return all[GetParam()];
  }
  simt::ScopedOptions scoped_{options()};
#endif
};

void expect_close(const Floats& got, const Floats& wanted, double tolerance = 1e-5) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(got[i], wanted[i], tolerance * (1 + std::abs(wanted[i]))) << "element " << i;
}

TEST_P(Reference, Add) {
  const int n = 10007;
  const Floats x = floats(n), y = floats(n);
  Floats wanted(n);
  for (int i = 0; i < n; ++i) wanted[i] = x[i] + y[i];
  const DeviceArray<float> dx(x), dy(y), out(n);
  kernels::add(n, dx.data(), dy.data(), out.data());
  EXPECT_EQ(out.host(), wanted);
}

TEST_P(Reference, Sum) {
  for (const int n : {1, 255, 10007}) {
    const Floats x = floats(n);
    const DeviceArray<float> dx(x), out(1);
    kernels::sum(n, dx.data(), out.data());
    expect_close(out.host(), {static_cast<float>(std::accumulate(x.begin(), x.end(), 0.0))}, 1e-4);
  }
}

TEST_P(Reference, Softmax) {
  for (const auto& [rows, cols] : {std::pair{16, 600}, {3, 100}, {5, 1}}) {
    const Floats x = floats(rows * cols);
    Floats wanted(x.size());
    for (int r = 0; r < rows; ++r) {
      double total = 0;
      for (int c = 0; c < cols; ++c) total += std::exp(double{x[r * cols + c]});
      for (int c = 0; c < cols; ++c)
        wanted[r * cols + c] = static_cast<float>(std::exp(double{x[r * cols + c]}) / total);
    }
    const DeviceArray<float> dx(x), out(x.size());
    kernels::softmax(rows, cols, dx.data(), out.data());
    expect_close(out.host(), wanted);
  }
}

TEST_P(Reference, Matmul) {
  for (const auto& [m, n, k] : {std::tuple{64, 128, 96}, {33, 70, 45}}) {
    const Floats a = floats(m * k), b = floats(k * n);
    Floats wanted(m * n);
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < n; ++j)
        for (int l = 0; l < k; ++l) wanted[i * n + j] += a[i * k + l] * b[l * n + j];
    const DeviceArray<float> da(a), db(b), c(m * n), blocked(m * n);
    kernels::matmul(m, n, k, da.data(), db.data(), c.data());
    expect_close(c.host(), wanted, 1e-4);
    if (m % 64 || n % 64 || k % 16) continue;
    kernels::matmul_blocked(m, n, k, da.data(), db.data(), blocked.data());
    expect_close(blocked.host(), wanted, 1e-4);
  }
}

TEST_P(Reference, Attention) {
  for (const bool causal : {false, true}) {
    const int heads = 2, length = 45, size = 64, n = heads * length * size;
    const Floats q = floats(n), k = floats(n), v = floats(n);
    Floats wanted(n);
    for (int h = 0; h < heads; ++h)
      for (int i = 0; i < length; ++i) {
        const int row = (h * length + i) * size, last = causal ? i + 1 : length;
        std::vector<double> weight(last), out(size);
        double total = 0;
        for (int j = 0; j < last; ++j) {
          double score = 0;
          for (int c = 0; c < size; ++c) score += double{q[row + c]} * k[(h * length + j) * size + c];
          total += weight[j] = std::exp(score / 8);
        }
        for (int j = 0; j < last; ++j)
          for (int c = 0; c < size; ++c) out[c] += weight[j] / total * v[(h * length + j) * size + c];
        for (int c = 0; c < size; ++c) wanted[row + c] = static_cast<float>(out[c]);
      }
    const DeviceArray<float> dq(q), dk(k), dv(v), out(n);
    kernels::attention(heads, length, dq.data(), dk.data(), dv.data(), out.data(), causal);
    expect_close(out.host(), wanted);
  }
}

TEST_P(Reference, Histogram) {
  const int n = 5000, bins = 50;
  const Ints x = ints(n, bins);
  Ints wanted(bins);
  for (const int value : x) ++wanted[value];
  const DeviceArray<int> dx(x), counts(Ints(bins, 0));
  kernels::histogram(n, dx.data(), bins, counts.data());
  EXPECT_EQ(counts.host(), wanted);
}

TEST_P(Reference, Scan) {
  const int n = 1000;
  const Ints x = ints(n, 100);
  Ints wanted(n);
  for (int i = 0; i < n; ++i) wanted[i] = x[i] + (i % 128 ? wanted[i - 1] : 0);
  const DeviceArray<int> dx(x), out(n);
  kernels::scan(n, dx.data(), out.data());
  EXPECT_EQ(out.host(), wanted);
}

TEST_P(Reference, HalfWarpSums) {
  const int n = 256;
  const Ints x = ints(n, 100);
  Ints wanted(n / 16);
  for (int i = 0; i < n; ++i) wanted[i / 16] += x[i];
  const DeviceArray<int> dx(x), out(n / 16);
  kernels::half_warp_sums(n, dx.data(), out.data());
  EXPECT_EQ(out.host(), wanted);
}

TEST_P(Reference, Transpose) {
  const int n = 96;
  const Floats x = floats(n * n);
  Floats wanted(n * n);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) wanted[j * n + i] = x[i * n + j];
  const DeviceArray<float> dx(x), out(n * n);
  kernels::transpose(n, dx.data(), out.data());
  EXPECT_EQ(out.host(), wanted);
}

#ifdef SIMT_USE_CUDA
constexpr int ways = 1;
#else
constexpr int ways = 5;
#endif
INSTANTIATE_TEST_SUITE_P(Orders, Reference, testing::Range(0, ways));

}  // namespace
}  // namespace gpt
