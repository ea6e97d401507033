// Softmax, layernorm and cross-entropy against the reference backend: every rung, odd widths, both types.

#include "07_cuda_kernels/cross_entropy.hpp"
#include "07_cuda_kernels/layernorm.hpp"
#include "07_cuda_kernels/softmax.hpp"
#include "kernel_test.hpp"

namespace gpt {
namespace {

class Rows : public KernelTest {
 protected:
  std::unique_ptr<Backend> reference_ = make_reference_backend();
};

constexpr std::pair<int64_t, int64_t> shapes[] = {{1, 1},    {3, 65},   {5, 96},  {9, 256},
                                                  {2, 1032}, {2, 1101}, {37, 260}};

Tensor zeros(const Shape& shape) {
  return Tensor::zeros(shape, DType::f64);
}

TEST_P(Rows, Softmax) {
  for (const DType type : both_types)
    for (const auto& [rows, columns] : shapes)
      for (int rung = 0; rung < softmax_rungs; ++rung) {
        SCOPED_TRACE(fmt::format("{}, {} x {}, rung {}", type, rows, columns, rung));
        const DeviceTensor x(random_values({rows, columns}, 1), type), y({rows, columns}, type);
        kernels::softmax_forward(type, y.data(), x.data(), rows, columns, rung);
        const Tensor in = x.host(), wanted = zeros({rows, columns});
        for (int64_t r = 0; r < rows; ++r) {
          double total = 0;
          for (int64_t c = 0; c < columns; ++c) total += std::exp(in.at<double>({r, c}));
          for (int64_t c = 0; c < columns; ++c)
            wanted.at<double>({r, c}) = std::exp(in.at<double>({r, c})) / total;
        }
        expect_close(y.host(), wanted, tolerance(type));
        kernels::softmax_forward(type, x.data(), x.data(), rows, columns, rung);  // in place
        expect_same(x.host(), y.host());
      }
}

TEST_P(Rows, SoftmaxOfLargeNumbers) {
  for (int rung = 0; rung < softmax_rungs; ++rung) {
    const DeviceTensor x(Tensor::from<float>({-1e30f, 1e4f, 1e4f, -1e4f}, {1, 4}), DType::f32);
    kernels::softmax_forward(DType::f32, x.data(), x.data(), 1, 4, rung);
    expect_same(x.host(), Tensor::from<double>({0, 0.5, 0.5, 0}, {1, 4}));
  }
}

TEST_P(Rows, Layernorm) {
  for (const DType type : both_types)
    for (const auto& [rows, width] : shapes)
      for (int rung = 0; rung < layernorm_forward_rungs; ++rung) {
        SCOPED_TRACE(fmt::format("{}, {} x {}, rung {}", type, rows, width, rung));
        const DeviceTensor x(random_values({rows, width}, 1), type), y({rows, width}, type);
        const DeviceTensor weight(random_values({width}, 2), DType::f32);
        const DeviceTensor bias(random_values({width}, 3), DType::f32);
        const DeviceTensor mean({rows}, DType::f32), rstd({rows}, DType::f32);
        kernels::layernorm_forward(type, y.data(), mean.floats(), rstd.floats(), x.data(), weight.floats(),
                                   bias.floats(), rows, width, rung);
        const Tensor wanted = zeros({rows, width}), means = zeros({rows}), rstds = zeros({rows});
        reference_->layernorm_forward(wanted, means, rstds, x.host(), weight.host(), bias.host());
        expect_close(y.host(), wanted, tolerance(type));
        expect_close(mean.host(), means, 1e-5);
        expect_close(rstd.host(), rstds, 1e-5);
      }
}

TEST_P(Rows, LayernormBackward) {
  for (const DType type : both_types)
    for (const auto& [rows, width] : {std::pair{3, 65}, {150, 96}, {70, 260}, {2, 1668}})
      for (int rung = 0; rung < layernorm_backward_rungs; ++rung)
        for (const bool add : {false, true}) {
          SCOPED_TRACE(fmt::format("{}, {} x {}, rung {}, add {}", type, rows, width, rung, add));
          const DeviceTensor x(random_values({rows, width}, 1), type);
          const DeviceTensor dy(random_values({rows, width}, 2), type);
          const DeviceTensor dx(random_values({rows, width}, 3), type);
          const DeviceTensor weight(random_values({width}, 4), DType::f32);
          const Tensor means = zeros({rows}), rstds = zeros({rows}), dx_wanted = dx.host();
          reference_->layernorm_forward(zeros({rows, width}), means, rstds, x.host(), weight.host(),
                                        zeros({width}));
          const DeviceTensor mean(means, DType::f32), rstd(rstds, DType::f32);
          const DeviceTensor d_weight(random_values({width}, 5), DType::f32);
          const DeviceTensor d_bias(random_values({width}, 6), DType::f32);
          const Tensor d_weight_wanted = d_weight.host(), d_bias_wanted = d_bias.host();
          reference_->layernorm_backward(dx_wanted, add, d_weight_wanted, d_bias_wanted, dy.host(), x.host(),
                                         weight.host(), mean.host(), rstd.host());
          const DeviceTensor space = scratch(kernels::layernorm_backward_scratch_bytes(rows, width));
          kernels::layernorm_backward(type, dx.data(), add, d_weight.floats(), d_bias.floats(), dy.data(),
                                      x.data(), weight.floats(), mean.floats(), rstd.floats(), rows, width,
                                      space.data(), rung);
          expect_close(dx.host(), dx_wanted, tolerance(type));
          expect_close(d_weight.host(), d_weight_wanted, 1e-5);
          expect_close(d_bias.host(), d_bias_wanted, 1e-5);
        }
}

TEST_P(Rows, CrossEntropy) {
  for (const DType type : both_types)
    for (const auto& [rows, vocabulary] : shapes) {
      const DeviceTensor logits(random_values({rows, vocabulary}, 1), type);
      Tensor of_rows({rows}, DType::i32);
      for (int64_t r = 0; r < rows; ++r)
        of_rows.at<int32_t>({r}) = r == 1 ? -1 : static_cast<int32_t>((7 * r + 3) % vocabulary);
      const DeviceTensor targets(of_rows, DType::i32);
      const Tensor losses_wanted = zeros({rows}), lse_wanted = zeros({rows});
      const Tensor d_wanted = zeros({rows, vocabulary});
      reference_->cross_entropy_forward(losses_wanted, lse_wanted, logits.host(), of_rows);
      reference_->cross_entropy_backward(d_wanted, logits.host(), lse_wanted, of_rows, 0.25);
      for (int rung = 0; rung < cross_entropy_forward_rungs; ++rung) {
        SCOPED_TRACE(fmt::format("{}, {} x {}, rung {}", type, rows, vocabulary, rung));
        const DeviceTensor losses({rows}, DType::f32), lse({rows}, DType::f32);
        kernels::cross_entropy_forward(losses.floats(), lse.floats(), type, logits.data(), targets.ints(),
                                       rows, vocabulary, rung);
        expect_close(losses.host(), losses_wanted, 1e-5);
        expect_close(lse.host(), lse_wanted, 1e-5);
      }
      const DeviceTensor lse(lse_wanted, DType::f32);
      for (const DType d_type : both_types)
        for (int rung = 0; rung < cross_entropy_backward_rungs; ++rung) {
          SCOPED_TRACE(
              fmt::format("{} to {}, {} x {}, backward rung {}", type, d_type, rows, vocabulary, rung));
          const DeviceTensor d({rows, vocabulary}, d_type);
          kernels::cross_entropy_backward(d_type, d.data(), type, logits.data(), lse.floats(), targets.ints(),
                                          0.25, rows, vocabulary, rung);
          expect_close(d.host(), d_wanted, tolerance(d_type));
        }
      kernels::cross_entropy_backward(type, logits.data(), type, logits.data(), lse.floats(), targets.ints(),
                                      0.25, rows, vocabulary);  // in place
      expect_close(logits.host(), d_wanted, tolerance(type));
    }
}

INSTANTIATE_TEST_SUITE_P(Orders, Rows, every_order());

#ifdef SIMT_CHECKED
TEST(RowsCounts, TheFastestRungsMoveTheBytesAndNoMore) {
  const int64_t rows = 16, width = 512;
  for (const DType type : both_types) {
    const double bytes = static_cast<double>(rows * width * size_of(type));
    const DeviceTensor x(random_values({rows, width}, 1), type), y({rows, width}, type);
    expect_few_sectors(2 * bytes, [&] { kernels::softmax_forward(type, y.data(), x.data(), rows, width); });
  }
}

TEST(RowsCounts, LayernormReadsEachRowOnce) {
  for (const DType type : both_types)
    for (const auto& [rows, width] : {std::pair<int64_t, int64_t>{128, 384}, {64, 768}}) {
      SCOPED_TRACE(fmt::format("{}, {} x {}", type, rows, width));
      const double row = static_cast<double>(rows * width * size_of(type));
      const double statistics = 8.0 * static_cast<double>(rows), columns = 4.0 * static_cast<double>(width);
      const DeviceTensor x(random_values({rows, width}, 1), type), dy(random_values({rows, width}, 2), type);
      const DeviceTensor y({rows, width}, type), w(random_values({width}, 3), DType::f32);
      const DeviceTensor mean({rows}, DType::f32), rstd({rows}, DType::f32);
      expect_few_sectors(2 * row + statistics + 2 * columns, [&] {
        kernels::layernorm_forward(type, y.data(), mean.floats(), rstd.floats(), x.data(), w.floats(),
                                   w.floats(), rows, width);
      });
      const DeviceTensor d_weight(zeros({width}), DType::f32), d_bias(zeros({width}), DType::f32);
      const DeviceTensor space = scratch(kernels::layernorm_backward_scratch_bytes(rows, width));
      const simt::AccessSite backward = counted(simt::AccessSite::Space::global, [&] {
        kernels::layernorm_backward(type, y.data(), false, d_weight.floats(), d_bias.floats(), dy.data(),
                                    x.data(), w.floats(), mean.floats(), rstd.floats(), rows, width,
                                    space.data());
      });
      EXPECT_LE(32.0 * static_cast<double>(backward.cost), 1.1 * (3 * row + statistics + 5 * columns));
    }
}

TEST(RowsCounts, CrossEntropyReadsEachLogitOnce) {
  const int64_t rows = 8, vocabulary = 4099;  // odd: rows begin anywhere
  Tensor of_rows({rows}, DType::i32);
  for (int64_t r = 0; r < rows; ++r) of_rows.at<int32_t>({r}) = static_cast<int32_t>(501 * r);
  const DeviceTensor targets(of_rows, DType::i32), losses({rows}, DType::f32), lse({rows}, DType::f32);
  for (const DType type : both_types) {
    const double elements = static_cast<double>(rows * vocabulary);
    const DeviceTensor logits(random_values({rows, vocabulary}, 1), type);
    expect_few_sectors(elements * size_of(type), [&] {
      kernels::cross_entropy_forward(losses.floats(), lse.floats(), type, logits.data(), targets.ints(), rows,
                                     vocabulary);
    });
    for (const DType d_type : both_types) {
      const DeviceTensor d({rows, vocabulary}, d_type);
      expect_few_sectors(elements * (size_of(type) + size_of(d_type)), [&] {
        kernels::cross_entropy_backward(d_type, d.data(), type, logits.data(), lse.floats(), targets.ints(),
                                        0.25, rows, vocabulary);
      });
    }
  }
}
#endif

}  // namespace
}  // namespace gpt
