// The ladders of the kernels that work on rows: softmax, layernorm, cross-entropy.

#include "05_gpt/backend.hpp"
#include "07_cuda_kernels/cross_entropy.hpp"
#include "07_cuda_kernels/device_tensor.hpp"
#include "07_cuda_kernels/families.hpp"
#include "07_cuda_kernels/layernorm.hpp"
#include "07_cuda_kernels/softmax.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

using simt::DeviceTensor;

std::shared_ptr<DeviceTensor> values(const Shape& shape, uint64_t seed, DType type = DType::f32) {
  return std::make_shared<DeviceTensor>(random_values(shape, seed), type);
}
std::shared_ptr<DeviceTensor> space(const Shape& shape, DType type = DType::f32) {
  return std::make_shared<DeviceTensor>(shape, type);
}

std::string problem(int64_t rows, int64_t columns, DType type) {
  return fmt::format("{} × {}, {}", rows, columns, type);
}

double bytes_of(int64_t rows, int64_t columns, DType type) {
  return static_cast<double>(rows * columns * size_of(type));
}

double tolerance(DType type) {
  return type == DType::bf16 ? 2e-2 : 1e-5;
}

Ladder softmax_ladder(int64_t rows, int64_t columns, DType type) {
  const auto x = values({rows, columns}, 1, type), y = space({rows, columns}, type);
  const auto rung = [=](int number) {
    return [=] { softmax_forward(type, y->data(), x->data(), rows, columns, number); };
  };
  return {.task = "softmax_forward",
          .problem = problem(rows, columns, type),
          .ideal_bytes = 2 * bytes_of(rows, columns, type),
          .rungs = {{"thread a row", "three passes, as the formula says", rung(0)},
                    {"warp a row", "the lanes of a warp share a row", rung(1)},
                    {"online", "largest and total in one pass", rung(2)},
                    {"registers", "the row is kept where it is needed again; packs", rung(3)}},
          .error =
              [=] {
                const Tensor in = x->host(), wanted(Shape{rows, columns}, DType::f64);
                for (int64_t r = 0; r < rows; ++r) {
                  const double* row = in.data<double>() + r * columns;
                  double total = 0;
                  for (int64_t c = 0; c < columns; ++c) total += std::exp(row[c]);
                  for (int64_t c = 0; c < columns; ++c)
                    wanted.data<double>()[r * columns + c] = std::exp(row[c]) / total;
                }
                return relative_error(y->host(), wanted);
              },
          .tolerance = tolerance(type)};
}

Ladder layernorm_ladder(int64_t rows, int64_t width, DType type) {
  const auto x = values({rows, width}, 1, type), y = space({rows, width}, type);
  const auto weight = values({width}, 2), bias = values({width}, 3), mean = space({rows}),
             rstd = space({rows});
  const auto rung = [=](int number) {
    return [=] {
      layernorm_forward(type, y->data(), mean->floats(), rstd->floats(), x->data(), weight->floats(),
                        bias->floats(), rows, width, number);
    };
  };
  return {.task = "layernorm_forward",
          .problem = problem(rows, width, type),
          .ideal_bytes = 2 * bytes_of(rows, width, type) + 8.0 * static_cast<double>(rows + width),
          .rungs = {{"thread a row", "three passes, as the formula says", rung(0)},
                    {"warp a row", "the lanes of a warp share a row", rung(1)},
                    {"registers", "the row is kept, in packs of four: x is read once", rung(2)},
                    {"many rows", "a block takes 32 rows: so do its weight and bias", rung(3)}},
          .error =
              [=] {
                const auto reference = make_reference_backend();
                const Tensor wanted({rows, width}, DType::f64), means({rows}, DType::f64),
                    rstds({rows}, DType::f64);
                reference->layernorm_forward(wanted, means, rstds, x->host(), weight->host(), bias->host());
                return std::max(relative_error(y->host(), wanted), relative_error(rstd->host(), rstds));
              },
          .tolerance = tolerance(type)};
}

Ladder layernorm_backward_ladder(int64_t rows, int64_t width, DType type) {
  const auto x = values({rows, width}, 1, type), dy = values({rows, width}, 2, type);
  const auto dx = space({rows, width}, type), weight = values({width}, 4);
  const auto d_weight = space({width}), d_bias = space({width});
  const auto zeros = [](const Shape& shape) { return Tensor::zeros(shape, DType::f64); };
  const Tensor means = zeros({rows}), rstds = zeros({rows});
  make_reference_backend()->layernorm_forward(zeros({rows, width}), means, rstds, x->host(), weight->host(),
                                              zeros({width}));
  const auto mean = std::make_shared<DeviceTensor>(means, DType::f32);
  const auto rstd = std::make_shared<DeviceTensor>(rstds, DType::f32);
  const auto scratch = space({static_cast<int64_t>(layernorm_backward_scratch_bytes(rows, width)) / 4});
  const auto last = std::make_shared<int>(0);
  const auto run = [=](int number) {
    *last = number;
    layernorm_backward(type, dx->data(), false, d_weight->floats(), d_bias->floats(), dy->data(), x->data(),
                       weight->floats(), mean->floats(), rstd->floats(), rows, width, scratch->data(),
                       number);
  };
  return {.task = "layernorm_backward",
          .problem = problem(rows, width, type),
          .ideal_bytes = 3 * bytes_of(rows, width, type) + static_cast<double>(8 * rows + 20 * width),
          .rungs = {{"thread a row", "atomics for the sums over columns", [=] { run(0); }},
                    {"two stages", "sums over columns by chunks, then over the chunks", [=] { run(1); }},
                    {"fused", "all of it from one look at dy and x", [=] { run(2); }}},
          .error =
              [=] {
                d_weight->set(zeros({width})), d_bias->set(zeros({width}));
                run(*last);  // its sums are added to: once more, from zero
                const Tensor dx_wanted = zeros({rows, width}), w = zeros({width}), b = zeros({width});
                make_reference_backend()->layernorm_backward(dx_wanted, false, w, b, dy->host(), x->host(),
                                                             weight->host(), mean->host(), rstd->host());
                return std::max({relative_error(dx->host(), dx_wanted), relative_error(d_weight->host(), w),
                                 relative_error(d_bias->host(), b)});
              },
          .tolerance = tolerance(type)};
}

Tensor targets_of(int64_t rows, int64_t vocabulary) {
  Tensor targets({rows}, DType::i32);
  for (int64_t r = 0; r < rows; ++r) targets.data<int32_t>()[r] = static_cast<int32_t>(7 * r % vocabulary);
  return targets;
}

Ladder cross_entropy_ladder(int64_t rows, int64_t vocabulary, DType type) {
  const auto logits = values({rows, vocabulary}, 1, type), losses = space({rows}), lse = space({rows});
  const Tensor of_rows = targets_of(rows, vocabulary);
  const auto targets = std::make_shared<DeviceTensor>(of_rows, DType::i32);
  const auto rung = [=](int number) {
    return [=] {
      cross_entropy_forward(losses->floats(), lse->floats(), type, logits->data(), targets->ints(), rows,
                            vocabulary, number);
    };
  };
  return {.task = "cross_entropy_forward",
          .problem = problem(rows, vocabulary, type),
          .ideal_bytes = bytes_of(rows, vocabulary, type),
          .rungs = {{"thread a row", "two passes over the vocabulary", rung(0)},
                    {"block a row", "256 threads share a row", rung(1)},
                    {"online", "one pass, in packs", rung(2)}},
          .error =
              [=] {
                const Tensor wanted({rows}, DType::f64), sums({rows}, DType::f64);
                make_reference_backend()->cross_entropy_forward(wanted, sums, logits->host(), of_rows);
                return std::max(relative_error(losses->host(), wanted), relative_error(lse->host(), sums));
              },
          .tolerance = 1e-5};
}

Ladder cross_entropy_backward_ladder(int64_t rows, int64_t vocabulary, DType d_type) {
  const auto logits = values({rows, vocabulary}, 1), d_logits = space({rows, vocabulary}, d_type);
  const Tensor of_rows = targets_of(rows, vocabulary);
  const auto targets = std::make_shared<DeviceTensor>(of_rows, DType::i32);
  const auto losses = space({rows}), lse = space({rows});
  cross_entropy_forward(losses->floats(), lse->floats(), DType::f32, logits->data(), targets->ints(), rows,
                        vocabulary);
  const auto rung = [=](int number) {
    return [=] {
      cross_entropy_backward(d_type, d_logits->data(), DType::f32, logits->data(), lse->floats(),
                             targets->ints(), 1.0, rows, vocabulary, number);
    };
  };
  return {.task = "cross_entropy_backward",
          .problem = fmt::format("{} × {}, f32 to {}", rows, vocabulary, d_type),
          .ideal_bytes = bytes_of(rows, vocabulary, DType::f32) + bytes_of(rows, vocabulary, d_type),
          .rungs = {{"one each", "one element a thread", rung(0)},
                    {"block a row", "what is the row's is read once; packs", rung(1)}},
          .error =
              [=] {
                const Tensor wanted({rows, vocabulary}, DType::f64);
                make_reference_backend()->cross_entropy_backward(wanted, logits->host(), lse->host(), of_rows,
                                                                 1.0);
                return relative_error(d_logits->host(), wanted);
              },
          .tolerance = tolerance(d_type)};
}

}  // namespace

Ladders softmax_ladders(ProblemSize size) {
  return size == ProblemSize::tiny ? Ladders{softmax_ladder(64, 512, DType::f32)}
                                   : Ladders{softmax_ladder(65536, 1024, DType::f32)};
}

Ladders layernorm_ladders(ProblemSize size) {
  const bool tiny = size == ProblemSize::tiny;
  const int64_t rows = tiny ? 64 : 65536, width = tiny ? 256 : 768;
  return {layernorm_ladder(rows, width, DType::f32), layernorm_backward_ladder(rows, width, DType::f32)};
}

Ladders cross_entropy_ladders(ProblemSize size) {
  const bool tiny = size == ProblemSize::tiny;
  const int64_t rows = tiny ? 32 : 2048, vocabulary = tiny ? 1001 : 50257;
  return {cross_entropy_ladder(rows, vocabulary, tiny ? DType::f32 : DType::bf16),
          cross_entropy_backward_ladder(rows, vocabulary, DType::bf16)};
}

}  // namespace gpt::KERNEL_SPACE
