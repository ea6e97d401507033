#include "05_gpt/backend.hpp"
#include "07_cuda_kernels/device_tensor.hpp"
#include "07_cuda_kernels/families.hpp"
#include "07_cuda_kernels/linear.hpp"
#include "07_cuda_kernels/thin.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

using simt::DeviceArray;
using simt::DeviceTensor;

constexpr int64_t r = 4;

/// A matrix M (n, m), p (r, n) and q (r, m).
struct Operands {
  Operands(int64_t rows, int64_t columns) : n(rows), m(columns) {}
  int64_t n, m;
  DeviceTensor matrix{random_values({n, m}, 1), DType::f32}, p{random_values({r, n}, 2), DType::f32},
      q{random_values({r, m}, 3), DType::f32}, of_p{Shape{r, m}, DType::f32}, of_q{Shape{r, n}, DType::f32};
  DeviceArray<std::byte> scratch{
      std::max(thin_scratch_bytes(n, m, r), linear_backward_weight_scratch_bytes(r, m, n))};
};

Ladder base(std::string task, const Operands& o, double passes) {
  return {.task = std::move(task),
          .problem = fmt::format("{} × {}, {} rows", o.n, o.m, r),
          .ideal_bytes = 4 * (passes * static_cast<double>(o.n * o.m) + static_cast<double>(r * (o.n + o.m))),
          .rungs = {},
          .error = {}};
}

Ladder product_ladder(const std::shared_ptr<Operands>& o) {
  Ladder ladder = base("thin_product", *o, 1);
  ladder.rungs = {{"linear", "the product of a linear layer with few rows: tiles stay mostly empty",
                   [=] {
                     linear_forward(DType::f32, DType::f32, o->of_q.data(), o->q.data(), o->matrix.data(),
                                    nullptr, nullptr, r, o->m, o->n);
                   }},
                  {"thin", "a warp has 4 rows of each: 8 loads for 16 products", [=] {
                     thin_product(o->of_q.floats(), o->matrix.floats(), o->q.floats(), o->n, o->m, r);
                   }}};
  ladder.error = [=] {
    const Tensor wanted({r, o->n}, DType::f64);
    make_reference_backend()->linear_forward(wanted, o->q.host(), o->matrix.host(), {}, {});
    return relative_error(o->of_q.host(), wanted);
  };
  return ladder;
}

Ladder across_ladder(const std::shared_ptr<Operands>& o) {
  Ladder ladder = base("thin_product_across", *o, 1);
  ladder.rungs = {{"linear", "the gradient of a linear layer's input",
                   [=] {
                     linear_backward_input(DType::f32, o->of_p.data(), false, o->p.data(), o->matrix.data(),
                                           r, o->m, o->n);
                   }},
                  {"thin", "a thread has a column, chunks of rows are added up afterwards", [=] {
                     thin_product_across(o->of_p.floats(), o->matrix.floats(), o->p.floats(), o->n, o->m, r,
                                         o->scratch.data());
                   }}};
  ladder.error = [=] {
    const Tensor wanted = Tensor::zeros({r, o->m}, DType::f64);
    make_reference_backend()->linear_backward_input(wanted, false, o->p.host(), o->matrix.host());
    return relative_error(o->of_p.host(), wanted);
  };
  return ladder;
}

/// Added and taken away again.
Ladder update_ladder(const std::shared_ptr<Operands>& o) {
  Ladder ladder = base("add_thin_product", *o, 4);
  ladder.problem += ", and back";
  const Tensor before = o->matrix.host();
  const auto minus = std::make_shared<DeviceTensor>(o->p.host(), DType::f32);
  {
    const Tensor negative = o->p.host();
    for (double& x : negative.span<double>()) x = -x;
    minus->set(negative);
  }
  ladder.rungs = {{"linear", "the gradient of a linear layer's weight",
                   [=] {
                     for (const auto* p : {&o->p, minus.get()})
                       linear_backward_weight(DType::f32, o->matrix.floats(), nullptr, p->data(), o->q.data(),
                                              r, o->m, o->n, o->scratch.data());
                   }},
                  {"thin", "a thread has a column and 8 rows: what it fetches of q serves all", [=] {
                     for (const float factor : {1.0f, -1.0f})
                       add_thin_product(o->matrix.floats(), factor, o->p.floats(), o->q.floats(), o->n, o->m,
                                        r);
                   }}};
  ladder.error = [=] { return relative_error(o->matrix.host(), before); };
  return ladder;
}

}  // namespace

Ladders thin_ladders(ProblemSize size) {
  const bool tiny = size == ProblemSize::tiny;
  const auto o = std::make_shared<Operands>(tiny ? 192 : 8192, tiny ? 256 : 8192);
  return {product_ladder(o), across_ladder(o), update_ladder(o)};
}

}  // namespace gpt::KERNEL_SPACE
