// The three products of a linear layer against the reference backend: every rung, sizes that fill tiles and
// sizes that do not.

#include "07_cuda_kernels/linear.hpp"

#include "kernel_test.hpp"

namespace gpt {
namespace {

struct Sizes {
  int64_t rows, inputs, outputs;
};
// One tile and a bit of the largest tiles, once with rows of whole packs and once with odd ones; a single
// element.
constexpr Sizes all_sizes[] = {{136, 40, 72}, {33, 37, 131}, {1, 1, 1}, {3, 130, 5}};

class Linear : public KernelTest {
 protected:
  std::unique_ptr<Backend> reference_ = make_reference_backend();
};

int rungs(DType type) {
  return type == DType::bf16 ? linear_rungs : linear_rungs - 1;
}

template <class F>
void for_all(F&& f) {
  for (const DType type : both_types)
    for (const Sizes& size : all_sizes)
      for (int rung = 0; rung < rungs(type); ++rung) {
        SCOPED_TRACE(fmt::format("{}, rung {}: {} rows, {} inputs, {} outputs", type, rung, size.rows,
                                 size.inputs, size.outputs));
        f(type, size, rung);
      }
}

TEST_P(Linear, Forward) {
  for_all([&](DType type, const Sizes& s, int rung) {
    const DeviceTensor x(random_values({s.rows, s.inputs}, 1), type),
        w(random_values({s.outputs, s.inputs}, 2), type);
    const DeviceTensor bias(random_values({s.outputs}, 3), DType::f32);
    const DeviceTensor residual(random_values({s.rows, s.outputs}, 4), type);
    const DeviceTensor y({s.rows, s.outputs}, type);
    const Tensor wanted({s.rows, s.outputs}, DType::f64);
    kernels::linear_forward(type, type, y.data(), x.data(), w.data(), bias.floats(), residual.data(), s.rows,
                            s.inputs, s.outputs, rung);
    reference_->linear_forward(wanted, x.host(), w.host(), bias.host(), residual.host());
    expect_close(y.host(), wanted, tolerance(type));
  });
}

TEST_P(Linear, ForwardToFloatsWithoutBiasAndResidual) {
  for_all([&](DType type, const Sizes& s, int rung) {
    const DeviceTensor x(random_values({s.rows, s.inputs}, 1), type),
        w(random_values({s.outputs, s.inputs}, 2), type);
    const DeviceTensor y({s.rows, s.outputs}, DType::f32);
    const Tensor wanted({s.rows, s.outputs}, DType::f64);
    kernels::linear_forward(type, DType::f32, y.data(), x.data(), w.data(), nullptr, nullptr, s.rows,
                            s.inputs, s.outputs, rung);
    reference_->linear_forward(wanted, x.host(), w.host(), {}, {});
    expect_close(y.host(), wanted, 1e-5);  // in bf16 too: products are exact, and sums are f32
  });
}

TEST_P(Linear, BackwardInput) {
  for_all([&](DType type, const Sizes& s, int rung) {
    const DeviceTensor dy(random_values({s.rows, s.outputs}, 1), type),
        w(random_values({s.outputs, s.inputs}, 2), type);
    const DeviceTensor dx(random_values({s.rows, s.inputs}, 3), type);
    for (const bool add : {true, false}) {
      const Tensor wanted = dx.host();
      kernels::linear_backward_input(type, dx.data(), add, dy.data(), w.data(), s.rows, s.inputs, s.outputs,
                                     rung);
      reference_->linear_backward_input(wanted, add, dy.host(), w.host());
      expect_close(dx.host(), wanted, tolerance(type));
    }
  });
}

TEST_P(Linear, BackwardWeight) {
  for_all([&](DType type, const Sizes& s, int rung) {
    const DeviceTensor dy(random_values({s.rows, s.outputs}, 1), type),
        x(random_values({s.rows, s.inputs}, 2), type);
    const DeviceTensor dw(random_values({s.outputs, s.inputs}, 3), DType::f32);
    const DeviceTensor db(random_values({s.outputs}, 4), DType::f32);
    const DeviceTensor memory =
        scratch(kernels::linear_backward_weight_scratch_bytes(s.rows, s.inputs, s.outputs));
    const Tensor wanted_w = dw.host(), wanted_b = db.host();
    kernels::linear_backward_weight(type, dw.floats(), db.floats(), dy.data(), x.data(), s.rows, s.inputs,
                                    s.outputs, memory.data(), rung);
    reference_->linear_backward_weight(wanted_w, wanted_b, dy.host(), x.host());
    expect_close(dw.host(), wanted_w, 1e-5);
    expect_close(db.host(), wanted_b, 1e-5);
  });
}

TEST_P(Linear, BiasGradientOfManyRowsIsTheSameInEveryRun) {
  const int64_t rows = 700, outputs = 70;
  const DeviceTensor dy(random_values({rows, outputs}, 1), DType::f32),
      x(random_values({rows, 1}, 2), DType::f32);
  const DeviceTensor memory = scratch(kernels::linear_backward_weight_scratch_bytes(rows, 1, outputs));
  Tensor first;
  for (int run = 0; run < 2; ++run) {
    const DeviceTensor dw(Tensor::zeros({outputs, 1}), DType::f32), db(Tensor::zeros({outputs}), DType::f32);
    kernels::linear_backward_weight(DType::f32, dw.floats(), db.floats(), dy.data(), x.data(), rows, 1,
                                    outputs, memory.data());
    const Tensor wanted_w = Tensor::zeros({outputs, 1}, DType::f64),
                 wanted_b = Tensor::zeros({outputs}, DType::f64);
    reference_->linear_backward_weight(wanted_w, wanted_b, dy.host(), x.host());
    expect_close(db.host(), wanted_b, 1e-5);
    if (run == 0) first = db.host();
    expect_same(db.host(), first);
  }
}

TEST_P(Linear, PointersNeedNotBeAligned) {
  const Sizes s{40, 48, 40};
  for (const DType type : both_types) {
    const DeviceTensor x(random_values({s.rows * s.inputs + 1}, 1), type);
    const DeviceTensor w(random_values({s.outputs, s.inputs}, 2), type), y({s.rows, s.outputs}, type);
    const void* second = static_cast<std::byte*>(x.data()) + size_of(type);
    kernels::linear_forward(type, type, y.data(), second, w.data(), nullptr, nullptr, s.rows, s.inputs,
                            s.outputs);
    const Tensor wanted({s.rows, s.outputs}, DType::f64);
    const Tensor in = x.host().slice(0, 1, s.rows * s.inputs + 1).contiguous().reshape({s.rows, s.inputs});
    reference_->linear_forward(wanted, in, w.host(), {}, {});
    expect_close(y.host(), wanted, tolerance(type));
  }
}

TEST_P(Linear, NothingToDoIsNoLaunch) {
  const DeviceTensor x(Tensor::full({1}, 3.0), DType::f32);
  kernels::linear_forward(DType::f32, DType::f32, x.data(), x.data(), x.data(), nullptr, nullptr, 0, 1, 1);
  kernels::linear_backward_input(DType::f32, x.data(), true, x.data(), x.data(), 0, 1, 1);
  kernels::linear_backward_weight(DType::f32, x.floats(), x.floats(), x.data(), x.data(), 0, 1, 1, nullptr);
  EXPECT_EQ(x.host().item(), 3.0);
}

INSTANTIATE_TEST_SUITE_P(Orders, Linear, every_order());

}  // namespace
}  // namespace gpt
