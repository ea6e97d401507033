// The ladders of attention.

#include "05_gpt/backend.hpp"
#include "07_cuda_kernels/attention.hpp"
#include "07_cuda_kernels/device_tensor.hpp"
#include "07_cuda_kernels/families.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

using simt::DeviceTensor;

/// What a forward and a backward pass take and leave, on the device and by the reference.
struct Problem {
  AttentionShape shape;
  DType type;
  DeviceTensor qkv, dy, y, lse, d_qkv, scratch;
  Tensor wanted_y, wanted_lse, wanted_d_qkv;  // undefined until they are wanted: they take the CPU long

  Problem(const AttentionShape& s, DType t)
      : shape(s),
        type(t),
        qkv(random_values({s.batch, s.positions, 3 * s.width()}, 1), t),
        dy(random_values({s.batch, s.positions, s.width()}, 2), t),
        y(dy.shape(), t),
        lse(Shape{s.batch, s.heads, s.positions}, DType::f32),
        d_qkv(qkv.shape(), t),
        scratch(Shape{attention_backward_scratch_bytes(s, 0) / 4}, DType::f32) {}

  void forward(int rung) const {
    attention_forward(type, y.data(), lse.floats(), qkv.data(), shape, Dropout{}, scratch.data(), rung);
  }
  void backward(int rung) const {
    attention_backward(type, d_qkv.data(), dy.data(), y.data(), lse.floats(), qkv.data(), shape, Dropout{},
                       scratch.data(), rung);
  }
  void reference_forward() {
    if (wanted_y.defined()) return;
    wanted_y = Tensor(y.shape(), DType::f64), wanted_lse = Tensor(lse.shape(), DType::f64);
    make_reference_backend()->attention_forward(wanted_y, wanted_lse, qkv.host(), shape.heads, 0, {});
  }
  double forward_error() {
    reference_forward();
    return std::max(relative_error(y.host(), wanted_y), relative_error(lse.host(), wanted_lse));
  }
  double backward_error() {
    reference_forward();
    if (!wanted_d_qkv.defined()) {
      wanted_d_qkv = Tensor(d_qkv.shape(), DType::f64);
      make_reference_backend()->attention_backward(wanted_d_qkv, dy.host(), wanted_y, wanted_lse, qkv.host(),
                                                   shape.heads, {});
    }
    return relative_error(d_qkv.host(), wanted_d_qkv);
  }
  /// Of `products` products of a score matrix, its upper half left out.
  double flops(int products) const {
    const double scores = static_cast<double>(shape.batch * shape.heads) *
                          static_cast<double>(shape.positions * (shape.positions + 1)) / 2;
    return 2.0 * products * scores * static_cast<double>(shape.head_width);
  }
  /// Of so many arrays of (B, T, C).
  double bytes(int arrays) const {
    return static_cast<double>(arrays * shape.batch * shape.positions * shape.width() * size_of(type));
  }
  std::string name() const {
    return fmt::format("{} × {} positions, {} of {}, {}", shape.batch, shape.positions,
                       shape.heads == 1 ? "a head" : fmt::format("{} heads", shape.heads), shape.head_width,
                       type);
  }
  double tolerance() const { return type == DType::bf16 ? 2e-2 : 1e-5; }
};

/// f32 has no tensor cores.
Ladder of_type(Ladder ladder, DType type) {
  if (type == DType::f32) ladder.rungs.pop_back();
  return ladder;
}

Ladder forward_ladder(const std::shared_ptr<Problem>& p) {
  const auto rung = [=](int number) { return [=] { p->forward(number); }; };
  return {.task = "attention_forward",
          .problem = p->name(),
          .ideal_bytes = p->bytes(4),
          .flops = p->flops(2),
          .rungs = {{"plain", "three kernels, all scores in memory", rung(0)},
                    {"tiles", "one kernel: tiles in shared memory, an online softmax", rung(1)},
                    {"tensor cores", "scores and weights stay in registers", rung(2)}},
          .error = [=] { return p->forward_error(); },
          .tolerance = p->tolerance()};
}

Ladder backward_ladder(const std::shared_ptr<Problem>& p) {
  const auto rung = [=](int number) { return [=] { p->backward(number); }; };
  p->forward(1);
  return {.task = "attention_backward",
          .problem = p->name(),
          .ideal_bytes = p->bytes(8),
          .flops = p->flops(5),
          .rungs = {{"plain", "weights and gradients of all scores in memory", rung(0)},
                    {"tiles", "the weights again from lse, tile by tile", rung(1)},
                    {"tensor cores", "so do their gradients", rung(2)}},
          .error = [=] { return p->backward_error(); },
          .tolerance = p->tolerance()};
}

}  // namespace

Ladders attention_ladders(ProblemSize size) {
  const bool tiny = size == ProblemSize::tiny;
  const int64_t B = tiny ? 1 : 8, T = tiny ? 128 : 1024, H = tiny ? 1 : 12, D = 64;
  Ladders ladders;
  for (const DType type : {DType::f32, DType::bf16}) {
    const auto problem = std::make_shared<Problem>(AttentionShape{B, T, H, D, T * 3 * H * D}, type);
    ladders.push_back(of_type(forward_ladder(problem), type));
    ladders.push_back(of_type(backward_ladder(problem), type));
  }
  return ladders;
}

}  // namespace gpt::KERNEL_SPACE
