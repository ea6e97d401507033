// The ladders of sums, embedding, AdamW and dropout.

#include <set>

#include "05_gpt/backend.hpp"
#include "07_cuda_kernels/adamw.hpp"
#include "07_cuda_kernels/device_tensor.hpp"
#include "07_cuda_kernels/dropout.hpp"
#include "07_cuda_kernels/embedding.hpp"
#include "07_cuda_kernels/families.hpp"
#include "07_cuda_kernels/reductions.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

using simt::DeviceTensor;

std::shared_ptr<DeviceTensor> values(const Shape& shape, uint64_t seed) {
  return std::make_shared<DeviceTensor>(random_values(shape, seed), DType::f32);
}

Ladder sum_ladder(int64_t n) {
  const auto x = values({n}, 1);
  const auto result = std::make_shared<DeviceTensor>(Shape{1}, DType::f64);
  const auto scratch =
      std::make_shared<DeviceTensor>(Shape{static_cast<int64_t>(sum_scratch_bytes(n)) / 4}, DType::f32);
  const auto rung = [=](int number) {
    return [=] {
      sum_of_squares(static_cast<double*>(result->data()), DType::f32, x->data(), n, scratch->data(), number);
    };
  };
  return {.task = "sum_of_squares",
          .problem = fmt::format("{} elements, f32", n),
          .ideal_bytes = 4.0 * static_cast<double>(n),
          .rungs = {{"atomics", "every thread adds to one number", rung(0)},
                    {"tree", "a block adds up in shared memory, half as many threads each round", rung(1)},
                    {"shuffles", "a warp adds up in registers", rung(2)},
                    {"packs", "each thread adds many elements first, 16 bytes a load", rung(3)}},
          .error =
              [=] {
                const Tensor wanted =
                    Tensor::scalar(make_reference_backend()->sum_of_squares(x->host()), DType::f64);
                return relative_error(result->host(), wanted);
              },
          .tolerance = 1e-4};
}

Ladder embedding_ladder(int64_t batch, int64_t positions, int64_t width, int64_t vocabulary) {
  Tensor tokens({batch, positions}, DType::i32);
  for (int64_t i = 0; i < tokens.elements(); ++i)  // as in a text, a few tokens make up much of it
    tokens.data<int32_t>()[i] = static_cast<int32_t>(i % 4 ? i * i % vocabulary : 0);
  const auto ids = std::make_shared<DeviceTensor>(tokens, DType::i32);
  const std::set<int32_t> distinct(tokens.data<int32_t>(), tokens.data<int32_t>() + tokens.elements());
  const auto dx = values({batch, positions, width}, 1);
  const auto table = std::make_shared<DeviceTensor>(Shape{vocabulary, width}, DType::f32);
  const auto places = std::make_shared<DeviceTensor>(Shape{positions, width}, DType::f32);
  const auto scratch = std::make_shared<DeviceTensor>(
      Shape{static_cast<int64_t>(embedding_backward_scratch_bytes(batch, positions, width)) / 4}, DType::f32);
  const auto last = std::make_shared<int>(0);
  const auto run = [=](int number) {
    *last = number;
    embedding_backward(DType::f32, table->floats(), places->floats(), dx->data(), ids->ints(), batch,
                       positions, width, vocabulary, scratch->data(), number);
  };
  return {.task = "embedding_backward",
          .problem = fmt::format("{} × {} tokens of {}, width {}, f32", batch, positions, vocabulary, width),
          // Rows of the tables are read, and written.
          .ideal_bytes = 4.0 * static_cast<double>((batch + 2) * positions * width) +
                         8.0 * static_cast<double>(width) * static_cast<double>(distinct.size()),
          .rungs = {{"atomics", "every element adds to its place, in any order", [=] { run(0); }},
                    {"search", "every place looks for its elements", [=] { run(1); }},
                    {"sorted", "rows are sorted by token, and runs added up", [=] { run(2); }}},
          .error =
              [=] {
                const Tensor wanted = Tensor::zeros({vocabulary, width}, DType::f64);
                const Tensor of_places = Tensor::zeros({positions, width}, DType::f64);
                table->set(wanted), places->set(of_places);
                run(*last);  // it adds: once more, from zero
                make_reference_backend()->embedding_backward(wanted, of_places, dx->host(), tokens);
                return std::max(relative_error(table->host(), wanted),
                                relative_error(places->host(), of_places));
              },
          .tolerance = 1e-5};
}

Ladder adamw_ladder(int64_t n) {
  const Tensor start = random_values({n}, 1), squares = Tensor::full({n}, 0.3, DType::f64);
  const auto value = std::make_shared<DeviceTensor>(start, DType::f32);
  const auto gradient = values({n}, 2), m = values({n}, 1);
  const auto v = std::make_shared<DeviceTensor>(squares, DType::f32);
  const auto copy = std::make_shared<DeviceTensor>(Shape{n}, DType::bf16);
  const auto last = std::make_shared<int>(0);
  const auto run = [=](int number) {
    *last = number;
    adamw(value->floats(), gradient->floats(), m->floats(), v->floats(), copy->data(), n, {}, number);
  };
  return {.task = "adamw",
          .problem = fmt::format("{} parameters, f32 with a bf16 copy", n),
          .ideal_bytes = 30.0 * static_cast<double>(n),
          .rungs = {{"one each", "one parameter a thread", [=] { run(0); }},
                    {"packs", "four parameters a thread", [=] { run(1); }}},
          .error = [=] {
            value->set(start), m->set(start), v->set(squares);
            run(*last);  // each run is a step: once more, from the start
            const Tensor wanted = start.clone();
            make_reference_backend()->adamw(wanted, gradient->host(), start.clone(),
                                            v->host().clone().fill(0.3), {}, {});
            return relative_error(value->host(), wanted);
          }};
}

Ladder dropout_ladder(int64_t samples, int64_t per_sample) {
  const auto x = values({samples, per_sample}, 1), y = values({samples, per_sample}, 2);
  const Dropout dropout{.probability = 0.2f, .seed = 1, .step = 2, .site = 3};
  const auto rung = [=](int number) {
    return [=] {
      dropout_forward(DType::f32, y->data(), x->data(), nullptr, samples, per_sample, dropout, number);
    };
  };
  return {.task = "dropout_forward",
          .problem = fmt::format("{} × {}, f32", samples, per_sample),
          .ideal_bytes = 8.0 * static_cast<double>(samples * per_sample),
          .rungs = {{"one each", "four random words for each element, three of them unused", rung(0)},
                    {"packs", "four elements share the four words", rung(1)}},
          .error = [=] {
            const Tensor wanted({samples, per_sample}, DType::f64);
            make_reference_backend()->dropout_forward(wanted, x->host(), {}, dropout);
            return relative_error(y->host(), wanted);
          }};
}

}  // namespace

Ladders reductions_ladders(ProblemSize size) {
  return {sum_ladder(size == ProblemSize::tiny ? 16384 : int64_t{1} << 26)};
}

Ladders embedding_ladders(ProblemSize size) {
  return size == ProblemSize::tiny ? Ladders{embedding_ladder(2, 64, 64, 50)}
                                   : Ladders{embedding_ladder(16, 1024, 768, 50257)};
}

Ladders adamw_ladders(ProblemSize size) {
  const bool tiny = size == ProblemSize::tiny;
  return {adamw_ladder(tiny ? 4096 : int64_t{1} << 26), dropout_ladder(16, tiny ? 256 : int64_t{1} << 22)};
}

}  // namespace gpt::KERNEL_SPACE
