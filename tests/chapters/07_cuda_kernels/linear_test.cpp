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
  return type == DType::bf16 ? linear_rungs : linear_rungs - 2;  // tensor cores take bf16
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

#ifdef SIMT_CHECKED
using simt::AccessSite;

/// What the three products of a layer ask for, each with sizes of one tile of the fast rungs.
class LinearCounts : public testing::TestWithParam<std::tuple<DType, int>> {
 protected:
  static constexpr int64_t n_ = 128;

  template <class F>
  void for_each_product(F&& f) {
    const auto [type, rung] = GetParam();
    const Tensor values = random_values({n_, n_}, 1);
    const DeviceTensor a(values, type), b(values, type), c(values, type);
    const DeviceTensor sums(values, DType::f32);
    const double matrix = static_cast<double>(n_ * n_ * size_of(type)), floats = 4.0 * n_ * n_;
    f("forward", 4 * matrix, [&, type = type, rung = rung] {
      kernels::linear_forward(type, type, c.data(), a.data(), b.data(), nullptr, c.data(), n_, n_, n_, rung);
    });
    f("backward input", 3 * matrix, [&, type = type, rung = rung] {
      kernels::linear_backward_input(type, c.data(), false, a.data(), b.data(), n_, n_, n_, rung);
    });
    f("backward weight", 2 * matrix + 2 * floats, [&, type = type, rung = rung] {
      kernels::linear_backward_weight(type, sums.floats(), nullptr, a.data(), b.data(), n_, n_, n_, nullptr,
                                      rung);
    });
  }
};

TEST_P(LinearCounts, NoBankConflictsFromTheSharedTilesOn) {
  for_each_product([](const char* name, double, auto&& run) {
    const AccessSite shared = counted(AccessSite::Space::shared, run);
    EXPECT_GT(shared.cost, 0u);
    EXPECT_EQ(shared.cost, shared.ideal) << name;
  });
}

TEST_P(LinearCounts, WholeSectors) {
  for_each_product([](const char* name, double bytes, auto&& run) {
    SCOPED_TRACE(name);
    const AccessSite global = counted(AccessSite::Space::global, run);
    EXPECT_LE(static_cast<double>(global.cost), 1.1 * static_cast<double>(global.ideal));
    // One block of the fast rungs computes all of C: it moves every matrix once.
    if (std::get<1>(GetParam()) >= 4) {
      EXPECT_LE(32.0 * static_cast<double>(global.cost), 1.1 * bytes);
    }
  });
}

std::vector<std::tuple<DType, int>> rungs_with_tiles() {
  std::vector<std::tuple<DType, int>> all;
  for (const DType type : both_types)
    for (int rung = 2; rung < rungs(type); ++rung) all.emplace_back(type, rung);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Rungs, LinearCounts, testing::ValuesIn(rungs_with_tiles()), [](const auto& rung) {
  return fmt::format("{}_{}", std::get<0>(rung.param), std::get<1>(rung.param));
});
#endif

}  // namespace
}  // namespace gpt
