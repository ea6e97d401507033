// Sums, embedding, AdamW and dropout against the reference backend.

#include <set>

#include "07_cuda_kernels/adamw.hpp"
#include "07_cuda_kernels/dropout.hpp"
#include "07_cuda_kernels/embedding.hpp"
#include "07_cuda_kernels/layernorm.hpp"
#include "07_cuda_kernels/reductions.hpp"
#include "kernel_test.hpp"

namespace gpt {
namespace {

class Tables : public KernelTest {
 protected:
  std::unique_ptr<Backend> reference_ = make_reference_backend();
};

TEST_P(Tables, Sums) {
  for (const DType type : both_types)
    for (const int64_t n : {1, 255, 1000, 4099})
      for (int rung = 0; rung < sum_rungs; ++rung) {
        SCOPED_TRACE(fmt::format("{}, n = {}, rung {}", type, n, rung));
        const DeviceTensor x(random_values({n}, 1), type), result({1}, DType::f64);
        const DeviceTensor space = scratch(kernels::sum_scratch_bytes(n));
        double* const out = static_cast<double*>(result.data());
        kernels::sum(out, type, x.data(), n, space.data(), rung);
        EXPECT_NEAR(result.host().item(), reference_->sum(x.host()), 1e-5 * static_cast<double>(n));
        kernels::sum_of_squares(out, type, x.data(), n, space.data(), rung);
        EXPECT_NEAR(result.host().item(), reference_->sum_of_squares(x.host()),
                    1e-5 * static_cast<double>(n));
      }
}

TEST_P(Tables, ASumOfNothingIsZero) {
  const DeviceTensor x({1}, DType::f32), result({1}, DType::f64);
  const DeviceTensor space = scratch(kernels::sum_scratch_bytes(0));
  for (int rung = 0; rung < sum_rungs; ++rung) {
    kernels::sum(static_cast<double*>(result.data()), DType::f32, x.data(), 0, space.data(), rung);
    EXPECT_EQ(result.host().item(), 0.0);
  }
}

TEST_P(Tables, ColumnSums) {
  for (const DType type : both_types)
    for (const auto& [rows, columns] : {std::pair{1, 1}, {7, 33}, {150, 96}}) {
      const DeviceTensor x(random_values({rows, columns}, 1), type);
      const DeviceTensor sums(random_values({columns}, 2), DType::f32);
      const Tensor wanted = sums.host(), in = x.host();
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < columns; ++c) wanted.at<double>({c}) += in.at<double>({r, c});
      const DeviceTensor space = scratch(kernels::column_sums_scratch_bytes(rows, columns));
      kernels::add_column_sums(sums.floats(), type, x.data(), rows, columns, space.data());
      expect_close(sums.host(), wanted, 1e-5);
    }
}

/// Tokens of which one fills several chunks of the sorted order, and some occur once.
Tensor some_tokens(int64_t batch, int64_t positions, int64_t vocabulary) {
  Tensor tokens({batch, positions}, DType::i32);
  for (int64_t i = 0; i < tokens.elements(); ++i)
    tokens.data<int32_t>()[i] = static_cast<int32_t>(i % 3 == 0 ? i * i % vocabulary : 2 % vocabulary);
  return tokens;
}

TEST_P(Tables, Embedding) {
  struct Size {
    int64_t batch, positions, width, vocabulary;
  };
  for (const DType type : both_types)
    for (const auto& [batch, positions, width, vocabulary] :
         {Size{1, 1, 1, 1}, Size{2, 5, 7, 3}, Size{3, 70, 16, 11}, Size{2, 16, 136, 40}}) {
      const Tensor tokens = some_tokens(batch, positions, vocabulary);
      const DeviceTensor ids(tokens, DType::i32), table(random_values({vocabulary, width}, 1), type);
      const DeviceTensor places(random_values({positions + 2, width}, 2), type);
      const Shape shape{batch, positions, width};
      const Tensor wanted = Tensor::zeros(shape, DType::f64);
      reference_->embedding_forward(wanted, tokens, table.host(), places.host(), 2);
      for (int rung = 0; rung < embedding_forward_rungs; ++rung) {
        const DeviceTensor x(shape, type);
        kernels::embedding_forward(type, x.data(), ids.ints(), table.data(), places.data(), 2, batch,
                                   positions, width, rung);
        expect_close(x.host(), wanted, tolerance(type));
      }
      const DeviceTensor dx(random_values(shape, 3), type);
      const DeviceTensor space = scratch(kernels::embedding_backward_scratch_bytes(batch, positions, width));
      for (int rung = 0; rung < embedding_backward_rungs; ++rung) {
        SCOPED_TRACE(fmt::format("{}, width {}, rung {}", type, width, rung));
        const DeviceTensor d_table(random_values({vocabulary, width}, 4), DType::f32);
        const DeviceTensor d_places(random_values({positions + 2, width}, 5), DType::f32);
        const Tensor d_table_wanted = d_table.host(), d_places_wanted = d_places.host();
        reference_->embedding_backward(d_table_wanted, d_places_wanted, dx.host(), tokens);
        kernels::embedding_backward(type, d_table.floats(), d_places.floats(), dx.data(), ids.ints(), batch,
                                    positions, width, vocabulary, space.data(), rung);
        expect_close(d_table.host(), d_table_wanted, 1e-5);
        expect_close(d_places.host(), d_places_wanted, 1e-5);
      }
    }
}

TEST_P(Tables, AdamW) {
  const AdamWStep step{
      .learning_rate = 0.01, .beta2 = 0.95, .weight_decay = 0.1, .gradient_scale = 0.5, .step = 3};
  for (const int64_t n : {1, 7, 1027})
    for (int rung = 0; rung < adamw_rungs; ++rung)
      for (const bool with_copy : {false, true}) {
        const DeviceTensor value(random_values({n}, 1), DType::f32),
            gradient(random_values({n}, 2), DType::f32);
        const DeviceTensor m(random_values({n}, 3), DType::f32), v(Tensor::full({n}, 0.3), DType::f32);
        const DeviceTensor copy({n}, DType::bf16);
        const Tensor value_wanted = value.host(), m_wanted = m.host(), v_wanted = v.host();
        reference_->adamw(value_wanted, gradient.host(), m_wanted, v_wanted, {}, step);
        kernels::adamw(value.floats(), gradient.floats(), m.floats(), v.floats(),
                       with_copy ? copy.data() : nullptr, n, step, rung);
        expect_close(value.host(), value_wanted, 1e-6);
        expect_close(m.host(), m_wanted, 1e-6);
        expect_close(v.host(), v_wanted, 1e-6);
        if (with_copy) expect_same(copy.host(), value.host().to(DType::f32).to(DType::bf16));
      }
}

TEST_P(Tables, Dropout) {
  for (const DType type : both_types)
    for (const int64_t per_sample : {5, 64, 100})
      for (const float probability : {0.0f, 0.4f})
        for (int rung = 0; rung < dropout_rungs; ++rung) {
          const Dropout dropout{
              .probability = probability, .seed = 5, .step = 9, .site = 3, .first_sample = 70000};
          const Shape shape{3, per_sample};
          const DeviceTensor x(random_values(shape, 1), type), rest(random_values(shape, 2), type),
              y(shape, type);
          const Tensor wanted = Tensor::zeros(shape, DType::f64);
          kernels::dropout_forward(type, y.data(), x.data(), rest.data(), 3, per_sample, dropout, rung);
          reference_->dropout_forward(wanted, x.host(), rest.host(), dropout);
          expect_close(y.host(), wanted, tolerance(type));
          kernels::dropout_backward(type, y.data(), x.data(), 3, per_sample, dropout, rung);
          reference_->dropout_backward(wanted, x.host(), dropout);
          expect_close(y.host(), wanted, tolerance(type));
        }
}

INSTANTIATE_TEST_SUITE_P(Orders, Tables, every_order());

#ifndef SIMT_USE_CUDA
TEST(Determinism, TheDefaultRungsGiveTheSameBitsInEveryOrder) {
  const int64_t n = 6000, rows = 150, width = 40;
  const DeviceTensor x(random_values({n}, 1), DType::f32), dx(random_values({rows, width}, 2), DType::f32);
  const DeviceTensor statistics(random_values({rows}, 3), DType::f32);
  const Tensor tokens = some_tokens(3, 50, 11);
  const DeviceTensor ids(tokens, DType::i32);
  std::vector<Tensor> first;
  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random}) {
    const simt::ScopedOptions scoped({.workers = 3, .order = order});
    const DeviceTensor result({1}, DType::f64), sums(Tensor::zeros({width}), DType::f32);
    const DeviceTensor table(Tensor::zeros({11, width}), DType::f32),
        places(Tensor::zeros({50, width}), DType::f32);
    const DeviceTensor space({100000}, DType::f32);
    kernels::sum(static_cast<double*>(result.data()), DType::f32, x.data(), n, space.data());
    kernels::add_column_sums(sums.floats(), DType::f32, dx.data(), rows, width, space.data());
    kernels::embedding_backward(DType::f32, table.floats(), places.floats(), dx.data(), ids.ints(), 3, 50,
                                width, 11, space.data());
    const DeviceTensor d_weight(Tensor::zeros({width}), DType::f32),
        d_bias(Tensor::zeros({width}), DType::f32);
    const DeviceTensor d_rows({rows, width}, DType::f32);
    kernels::layernorm_backward(DType::f32, d_rows.data(), false, d_weight.floats(), d_bias.floats(),
                                dx.data(), x.data(), sums.floats(), statistics.floats(), statistics.floats(),
                                rows, width, space.data());
    const std::vector<Tensor> now{result.host(), sums.host(),     table.host(), places.host(),
                                  d_rows.host(), d_weight.host(), d_bias.host()};
    if (first.empty()) first = now;
    for (size_t i = 0; i < now.size(); ++i) expect_same(now[i], first[i]);
  }
}
#endif

#ifdef SIMT_CHECKED
TEST(TablesCounts, TheFastestRungsMoveTheBytesAndNoMore) {
  const int64_t n = 8192;
  const DeviceTensor x(random_values({n}, 1), DType::f32), y({n}, DType::f32), result({1}, DType::f64);
  const DeviceTensor g(random_values({n}, 1), DType::f32), m({n}, DType::f32), v({n}, DType::f32);
  const DeviceTensor copy({n}, DType::bf16), space = scratch(kernels::sum_scratch_bytes(n));
  expect_few_sectors(7.0 * 4 * n + 2 * n, [&] {
    kernels::adamw(x.floats(), g.floats(), m.floats(), v.floats(), copy.data(), n, {});
  });
  expect_few_sectors(2.0 * 4 * n, [&] {
    kernels::dropout_backward(DType::f32, y.data(), g.data(), 2, n / 2, {.probability = 0.1f});
  });
  const simt::AccessSite sum = counted(simt::AccessSite::Space::global, [&] {
    kernels::sum(static_cast<double*>(result.data()), DType::f32, g.data(), n, space.data());
  });
  EXPECT_LE(32.0 * static_cast<double>(sum.cost), 1.1 * 4 * n);
}

TEST(TablesCounts, ResidualsToo) {
  const int64_t n = 8192;
  for (const DType type : both_types) {
    const DeviceTensor x(random_values({n}, 1), type), rest(random_values({n}, 2), type), y({n}, type);
    expect_few_sectors(3.0 * size_of(type) * n, [&] {
      kernels::dropout_forward(type, y.data(), x.data(), rest.data(), 2, n / 2, {.probability = 0.1f});
    });
  }
}

TEST(TablesCounts, Embedding) {
  const int64_t batch = 2, positions = 256, width = 256, n = batch * positions, vocabulary = 50;
  const Tensor tokens = some_tokens(batch, positions, vocabulary);
  const std::set<int32_t> distinct(tokens.data<int32_t>(), tokens.data<int32_t>() + n);
  const DeviceTensor ids(tokens, DType::i32);
  for (const DType type : both_types) {
    const double rows = static_cast<double>(n * width * size_of(type));
    const DeviceTensor table(random_values({vocabulary, width}, 1), type), x({batch, positions, width}, type);
    const DeviceTensor places(random_values({positions, width}, 2), type);
    expect_few_sectors(3 * rows + 4.0 * n, [&] {  // of both tables a row for each token
      kernels::embedding_forward(type, x.data(), ids.ints(), table.data(), places.data(), 0, batch, positions,
                                 width);
    });
    const DeviceTensor dx(random_values({batch, positions, width}, 3), type);
    const DeviceTensor d_table(Tensor::zeros({vocabulary, width}), DType::f32);
    const DeviceTensor d_places(Tensor::zeros({positions, width}), DType::f32);
    const DeviceTensor space = scratch(kernels::embedding_backward_scratch_bytes(batch, positions, width));
    const simt::AccessSite backward = counted(simt::AccessSite::Space::global, [&] {
      kernels::embedding_backward(type, d_table.floats(), d_places.floats(), dx.data(), ids.ints(), batch,
                                  positions, width, vocabulary, space.data());
    });
    // dx twice, for there are two sums in two orders; rows of the tables are read and written; and at each
    // end of a chunk of 32 tokens two parts of a run are written and read.
    const double updated =
        8.0 * width * static_cast<double>(positions + static_cast<int64_t>(distinct.size()));
    const double parts = 16.0 * static_cast<double>(n / 32 * width);
    EXPECT_LE(32.0 * static_cast<double>(backward.cost), 1.1 * (2 * rows + updated + parts));
  }
}
#endif

}  // namespace
}  // namespace gpt
