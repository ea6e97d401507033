// Attention, forward and backward, against the reference backend: every rung, sizes that fill no tile, a
// cache in front of the queries, dropout.

#include "07_cuda_kernels/attention.hpp"

#include "kernel_test.hpp"

namespace gpt {
namespace {

struct Case {
  int64_t batch, positions, heads, head_width;
  int64_t first_query = 0, room = 0;  // room: positions of the buffer beyond those that are used
  float dropout = 0;

  int64_t width() const { return heads * head_width; }
  AttentionShape shape() const {
    return {batch, positions, heads, head_width, (positions + room) * 3 * width(), first_query};
  }
  Dropout mask() const {
    return {.probability = dropout, .seed = 7, .step = 3, .site = 2, .first_sample = 5};
  }
};

class Attention : public KernelTest {
 protected:
  /// What a forward pass takes and leaves.
  struct Forward {
    DeviceTensor qkv, y, lse;

    Forward(const Case& c, DType type, int rung)
        : qkv(random_values({c.batch, c.positions + c.room, 3 * c.width()}, 1), type),
          y(Shape{c.batch, c.positions - c.first_query, c.width()}, type),
          lse(Shape{c.batch, c.heads, c.positions - c.first_query}, DType::f32) {
      const DeviceTensor space =
          scratch(static_cast<size_t>(attention_forward_scratch_bytes(c.shape(), rung)));
      kernels::attention_forward(type, y.data(), lse.floats(), qkv.data(), c.shape(), c.mask(), space.data(),
                                 rung);
    }
  };

  void expect_forward(const Case& c, DType type, int rung) {
    const Forward got(c, type, rung);
    const Tensor y(got.y.shape(), DType::f64), lse(got.lse.shape(), DType::f64);
    reference_->attention_forward(y, lse, got.qkv.host().slice(1, 0, c.positions), c.heads, c.first_query,
                                  c.mask());
    expect_close(got.lse.host(), lse, 1e-5);
    expect_close(got.y.host(), y, tolerance(type));
  }

  static Tensor backward(const Case& c, DType type, int rung, const Forward& r) {
    const DeviceTensor dy(random_values(r.y.shape(), 2), type), d_qkv(r.qkv.shape(), type);
    const DeviceTensor space =
        scratch(static_cast<size_t>(attention_backward_scratch_bytes(c.shape(), rung)));
    kernels::attention_backward(type, d_qkv.data(), dy.data(), r.y.data(), r.lse.floats(), r.qkv.data(),
                                c.shape(), c.mask(), space.data(), rung);
    return d_qkv.host();
  }

  void expect_backward(const Case& c, DType type, int rung) {
    const Forward r(c, type, rung);
    const Tensor got = backward(c, type, rung, r), wanted(r.qkv.shape(), DType::f64);
    reference_->attention_backward(wanted, random_values(r.y.shape(), 2), r.y.host(), r.lse.host(),
                                   r.qkv.host(), c.heads, c.mask());
    for (int64_t part = 0; part < 3;
         ++part) {  // gradients of values are larger than those of queries and keys
      SCOPED_TRACE(fmt::format("part {} of q, k, v", part));
      const auto columns = [&](const Tensor& t) {
        return t.slice(2, part * c.width(), (part + 1) * c.width()).contiguous();
      };
      expect_close(columns(got), columns(wanted), tolerance(type));
    }
  }

  template <class F>
  static void every_rung(F&& check) {
    for (const DType type : both_types)
      for (int rung = 0; rung < attention_rungs; ++rung) {
        SCOPED_TRACE(fmt::format("{}, rung {}", type, rung));
        check(type, rung);
      }
  }

  std::unique_ptr<Backend> reference_ = make_reference_backend();
};

const Case cases[] = {
    {.batch = 1, .positions = 1, .heads = 1, .head_width = 8},
    {.batch = 2, .positions = 33, .heads = 3, .head_width = 5},
    {.batch = 1, .positions = 70, .heads = 2, .head_width = 24, .dropout = 0.3f},
    {.batch = 1, .positions = 67, .heads = 1, .head_width = 64},
    {.batch = 1, .positions = 131, .heads = 1, .head_width = 32},  // 131: more than a tile of queries
    {.batch = 1, .positions = 65, .heads = 2, .head_width = 64, .dropout = 0.2f},
    {.batch = 1, .positions = 34, .heads = 1, .head_width = 128, .dropout = 0.1f},
};

TEST_P(Attention, Forward) {
  for (const Case& c : cases)
    every_rung([&](DType type, int rung) {
      SCOPED_TRACE(fmt::format("T = {}, D = {}", c.positions, c.head_width));
      expect_forward(c, type, rung);
    });
}

TEST_P(Attention, Backward) {
  for (const Case& c : cases)
    every_rung([&](DType type, int rung) {
      SCOPED_TRACE(fmt::format("T = {}, D = {}", c.positions, c.head_width));
      expect_backward(c, type, rung);
    });
}

TEST_P(Attention, OfNewQueriesBehindACache) {
  const Case c{.batch = 2, .positions = 37, .heads = 2, .head_width = 16, .first_query = 35, .room = 3};
  every_rung([&](DType type, int rung) { expect_forward(c, type, rung); });
}

TEST_P(Attention, LargeScoresDoNotOverflow) {
  const Case c{.batch = 1, .positions = 9, .heads = 1, .head_width = 8};
  Tensor large = random_values({1, 9, 24}, 1);
  for (double& value : large.span<double>()) value *= 100;
  for (int rung = 0; rung < attention_rungs; ++rung) {
    const DeviceTensor qkv(large, DType::f32), y(Shape{1, 9, 8}, DType::f32), lse(Shape{1, 1, 9}, DType::f32);
    const DeviceTensor space = scratch(static_cast<size_t>(attention_forward_scratch_bytes(c.shape(), rung)));
    kernels::attention_forward(DType::f32, y.data(), lse.floats(), qkv.data(), c.shape(), c.mask(),
                               space.data(), rung);
    const Tensor wanted(y.shape(), DType::f64), wanted_lse(lse.shape(), DType::f64);
    reference_->attention_forward(wanted, wanted_lse, qkv.host(), 1, 0, c.mask());
    expect_close(y.host(), wanted, 1e-3);  // scores near 10⁴: f32 keeps them to 10⁻³
    expect_close(lse.host(), wanted_lse, 1e-5);
  }
}

TEST_P(Attention, TheSameBitsInEveryRun) {
  const Case& c = cases[2];
  for (int rung = 0; rung < attention_rungs; ++rung) {
    const Forward first(c, DType::f32, rung), second(c, DType::f32, rung);
    expect_same(first.y.host(), second.y.host());
    expect_same(backward(c, DType::f32, rung, first), backward(c, DType::f32, rung, second));
  }
}

TEST_P(Attention, TilesWantAlignedRows) {
  const Case c{.batch = 1, .positions = 4, .heads = 1, .head_width = 8};
  const DeviceTensor qkv({100}, DType::f32), y({32}, DType::f32), lse({4}, DType::f32);
  EXPECT_THROW(kernels::attention_forward(DType::f32, y.data(), lse.floats(), qkv.floats() + 1, c.shape(),
                                          c.mask(), nullptr, 1),
               Error);
}

INSTANTIATE_TEST_SUITE_P(Orders, Attention, every_order());

#ifdef SIMT_CHECKED
/// The shared memory's wavefronts of both passes are the fewest there could be.
void expect_no_bank_conflicts(DType type, int64_t width, int rung) {
  const int64_t T = 96;
  SCOPED_TRACE(fmt::format("{}, D = {}, rung {}", type, width, rung));
  const Case c{.batch = 1, .positions = T, .heads = 1, .head_width = width};
  const DeviceTensor qkv(random_values({1, T, 3 * width}, 1), type), dy(random_values({T, width}, 2), type);
  const DeviceTensor y({T, width}, type), lse({T}, DType::f32), d_qkv({1, T, 3 * width}, type);
  const DeviceTensor delta = scratch(static_cast<size_t>(T) * 4);
  const auto forward = counted(simt::AccessSite::Space::shared, [&] {
    kernels::attention_forward(type, y.data(), lse.floats(), qkv.data(), c.shape(), c.mask(), nullptr, rung);
  });
  EXPECT_GT(forward.cost, 0);
  EXPECT_EQ(forward.cost, forward.ideal);
  const auto backward = counted(simt::AccessSite::Space::shared, [&] {
    kernels::attention_backward(type, d_qkv.data(), dy.data(), y.data(), lse.floats(), qkv.data(), c.shape(),
                                c.mask(), delta.data(), rung);
  });
  EXPECT_GT(backward.cost, forward.cost);
  EXPECT_EQ(backward.cost, backward.ideal);
}

TEST(AttentionCounts, TilesMeetNoBankConflicts) {
  for (const DType type : both_types)
    for (const int64_t width : {32, 64, 128}) expect_no_bank_conflicts(type, width, 1);
}

TEST(AttentionCounts, TensorCoresMeetNoBankConflicts) {
  for (const int64_t width : {32, 64, 128}) expect_no_bank_conflicts(DType::bf16, width, 2);
}
#endif

}  // namespace
}  // namespace gpt
