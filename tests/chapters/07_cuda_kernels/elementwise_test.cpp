// GELU, add, fill and cast against the reference backend: every rung, odd sizes, pointers that are not
// multiples of 16 bytes.

#include "07_cuda_kernels/elementwise.hpp"

#include "kernel_test.hpp"

namespace gpt {
namespace {

class Elementwise : public KernelTest {
 protected:
  std::unique_ptr<Backend> reference_ = make_reference_backend();
};

constexpr int64_t sizes[] = {1, 7, 1000, 1024, 1027};

TEST_P(Elementwise, Gelu) {
  for (const DType type : both_types)
    for (const int64_t n : sizes)
      for (int rung = 0; rung < gelu_rungs; ++rung) {
        SCOPED_TRACE(fmt::format("{}, n = {}, rung {}", type, n, rung));
        const DeviceTensor x(random_values({n}, 1), type), dy(random_values({n}, 2), type);
        const DeviceTensor y({n}, type), dx({n}, type);
        const Tensor wanted({n}, DType::f64);
        kernels::gelu_forward(type, y.data(), x.data(), n, rung);
        reference_->gelu_forward(wanted, x.host());
        expect_close(y.host(), wanted, tolerance(type));
        kernels::gelu_backward(type, dx.data(), dy.data(), x.data(), n, rung);
        reference_->gelu_backward(wanted, dy.host(), x.host());
        expect_close(dx.host(), wanted, tolerance(type));
      }
}

TEST_P(Elementwise, GeluOfLargeNumbersIsFinite) {
  const Tensor large = Tensor::from<float>({-1e4f, -100, -30, -10, 10, 30, 100, 1e4f}, {8});
  const DeviceTensor x(large, DType::f32), y({8}, DType::f32), dx({8}, DType::f32);
  const DeviceTensor dy(Tensor::full({8}, 1.0), DType::f32);
  const Tensor wanted({8}, DType::f64);
  for (int rung = 0; rung < gelu_rungs; ++rung) {
    kernels::gelu_forward(DType::f32, y.data(), x.data(), 8, rung);
    reference_->gelu_forward(wanted, x.host());
    expect_close(y.host(), wanted, 1e-6);
    kernels::gelu_backward(DType::f32, dx.data(), dy.data(), x.data(), 8, rung);
    reference_->gelu_backward(wanted, dy.host(), x.host());
    expect_close(dx.host(), wanted, 1e-6);
  }
}

TEST_P(Elementwise, GeluBackwardMayOverwriteItsGradient) {
  const int64_t n = 1027;
  const DeviceTensor x(random_values({n}, 1), DType::f32), dy(random_values({n}, 2), DType::f32);
  const Tensor wanted({n}, DType::f64);
  reference_->gelu_backward(wanted, dy.host(), x.host());
  kernels::gelu_backward(DType::f32, dy.data(), dy.data(), x.data(), n);
  expect_close(dy.host(), wanted, 1e-5);
}

TEST_P(Elementwise, Add) {
  for (const DType type : both_types)
    for (const int64_t n : sizes)
      for (int rung = 0; rung < add_rungs; ++rung) {
        const DeviceTensor a(random_values({n}, 1), type), b(random_values({n}, 2), type);
        const Tensor wanted = a.host();
        reference_->add(wanted, b.host());
        kernels::add(type, a.data(), b.data(), n, rung);
        expect_same(a.host(), wanted.to(type));
      }
}

TEST_P(Elementwise, FillLeavesTheNeighbours) {
  for (const DType type : both_types)
    for (int rung = 0; rung < fill_rungs; ++rung) {
      const int64_t n = 1000;
      const DeviceTensor x(Tensor::full({n}, 3.0), type);
      kernels::fill(type, x.data(), 0.5, n - 3, rung);
      const Tensor wanted = Tensor::full({n}, 3.0, DType::f64);
      wanted.slice(0, 0, n - 3).fill(0.5);
      expect_same(x.host(), wanted);
    }
}

TEST_P(Elementwise, CastRoundsAsTheCpuDoes) {
  for (const DType from : both_types)
    for (const DType to : both_types)
      for (const int64_t n : sizes)
        for (int rung = 0; rung < cast_rungs; ++rung) {
          Tensor values = random_values({n}, 3).to(DType::f32);
          for (float& value : values.span<float>()) value *= 1.2345678f;
          const DeviceTensor x(values, from), y({n}, to);
          kernels::cast(to, y.data(), from, x.data(), n, rung);
          expect_same(y.host(), x.host().to(to));
        }
}

TEST_P(Elementwise, PointersNeedNotBeAligned) {
  for (const DType type : both_types) {
    const int64_t n = 1000, offset = size_of(type);
    const DeviceTensor x(random_values({n + 1}, 1), type), y(Tensor::zeros({n + 1}), type);
    const auto second = [&](const DeviceTensor& t) { return static_cast<std::byte*>(t.data()) + offset; };
    kernels::gelu_forward(type, second(y), second(x), n);
    kernels::add(type, second(y), second(x), n);
    const Tensor wanted({n}, DType::f64), in = x.host().slice(0, 1, n + 1).contiguous();
    reference_->gelu_forward(wanted, in);
    reference_->add(wanted, in);
    expect_close(y.host().slice(0, 1, n + 1).contiguous(), wanted, tolerance(type));
  }
}

TEST_P(Elementwise, NothingToDoIsNoLaunch) {
  const DeviceTensor x(Tensor::full({1}, 3.0), DType::f32);
  kernels::gelu_forward(DType::f32, x.data(), x.data(), 0);
  kernels::add(DType::f32, x.data(), x.data(), 0);
  kernels::fill(DType::f32, x.data(), 1.0, 0);
  kernels::cast(DType::f32, x.data(), DType::f32, x.data(), 0);
  EXPECT_EQ(x.host().item(), 3.0);
}

TEST_P(Elementwise, OtherTypesAreRefused) {
  const DeviceTensor x({4}, DType::f32);
  EXPECT_THROW(kernels::fill(DType::f64, x.data(), 1.0, 1), Error);
}

INSTANTIATE_TEST_SUITE_P(Orders, Elementwise, every_order());

#ifdef SIMT_CHECKED
TEST(ElementwiseCounts, TheFastestRungMovesTheBytesAndNoMore) {
  for (const DType type : both_types) {
    const int64_t n = 4096;
    const DeviceTensor x(random_values({n}, 1), type), y({n}, type), dy(random_values({n}, 2), type);
    const double bytes = static_cast<double>(n * size_of(type));
    expect_few_sectors(2 * bytes, [&] { kernels::gelu_forward(type, y.data(), x.data(), n); });
    expect_few_sectors(3 * bytes, [&] { kernels::gelu_backward(type, y.data(), dy.data(), x.data(), n); });
    expect_few_sectors(3 * bytes, [&] { kernels::add(type, dy.data(), x.data(), n); });
    expect_few_sectors(bytes, [&] { kernels::fill(type, y.data(), 0, n); });
  }
}

TEST(ElementwiseCounts, CastsBetweenTypesDoToo) {
  const int64_t n = 4096;
  const DeviceTensor x(random_values({n}, 1), DType::f32), y({n}, DType::bf16);
  expect_few_sectors(6.0 * n, [&] { kernels::cast(DType::bf16, y.data(), DType::f32, x.data(), n); });
  expect_few_sectors(6.0 * n, [&] { kernels::cast(DType::f32, x.data(), DType::bf16, y.data(), n); });
}
#endif

}  // namespace
}  // namespace gpt
