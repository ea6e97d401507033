#pragma once
// What every Backend must compute: the same as the reference in double precision, on the same inputs, within
// the rounding of its compute type. A test program includes this file and instantiates the suite:
//
//     INSTANTIATE_TEST_SUITE_P(Mine, BackendConformance, testing::Values(Candidate{"mine", [] { … }}));

#include "tests/chapters/05_gpt/backend_twins.hpp"

namespace gpt {

TEST_P(BackendConformance, SaysWhatItIs) {
  EXPECT_FALSE(tested().name().empty());
  const Tensor t = tested().empty({3, 5});
  EXPECT_EQ(t.dtype(), compute());
  EXPECT_EQ(t.shape(), (Shape{3, 5}));
  EXPECT_TRUE(t.is_contiguous());
  EXPECT_EQ(sums(), compute() == DType::f64 ? DType::f64 : DType::f32);
}

TEST_P(BackendConformance, Embedding) {
  const struct {
    int64_t batch, positions, width, vocabulary, context, first;
  } shapes[] = {{1, 1, 2, 2, 1, 0},    {2, 3, 5, 7, 4, 0},     {3, 17, 16, 11, 17, 0},
                {2, 9, 48, 65, 64, 0}, {1, 70, 33, 3, 80, 10}, {4, 16, 128, 1000, 16, 0}};
  for (const auto& s : shapes) {
    SCOPED_TRACE(fmt::format("B {} T {} C {} V {}", s.batch, s.positions, s.width, s.vocabulary));
    const Tensor tokens = random_tokens({s.batch, s.positions}, s.vocabulary), here = tested().upload(tokens);
    const Twin table = random({s.vocabulary, s.width}), positions = random({s.context, s.width});
    const Twin x = unwritten({s.batch, s.positions, s.width});
    tested().embedding_forward(x.tested, here, table.tested, positions.tested, s.first);
    reference().embedding_forward(x.expected, tokens, table.expected, positions.expected, s.first);
    expect_close(x, "x");

    const Twin dx = random({s.batch, s.positions, s.width});
    const Twin d_table = random({s.vocabulary, s.width}, sums());
    const Twin d_positions = random({s.context, s.width}, sums());
    tested().embedding_backward(d_table.tested, d_positions.tested, dx.tested, here);
    reference().embedding_backward(d_table.expected, d_positions.expected, dx.expected, tokens);
    expect_close(d_table, "d_token_table");
    expect_close(d_positions, "d_position_table");
  }
}

TEST_P(BackendConformance, Layernorm) {
  const Shape shapes[] = {{1, 3}, {3, 5}, {17, 16}, {2, 33}, {70, 48}, {5, 128}, {64, 384}, {9, 1000}};
  for (const Shape& shape : shapes)
    for (const bool add : {false, true}) {
      SCOPED_TRACE(fmt::format("x {} add {}", shape, add));
      const int64_t n = shape[0], width = shape[1];
      const Twin x = random(shape, compute(), 0.5, 2.0), weight = random({width}, sums(), 1.0);
      const Twin bias = random({width}, sums()), dy = random(shape);
      const Twin y = unwritten(shape), mean = unwritten({n}, sums()), rstd = unwritten({n}, sums());
      tested().layernorm_forward(y.tested, mean.tested, rstd.tested, x.tested, weight.tested, bias.tested);
      reference().layernorm_forward(y.expected, mean.expected, rstd.expected, x.expected, weight.expected,
                                    bias.expected);
      expect_close(y, "y");
      expect_close(mean, "mean");
      expect_close(rstd, "rstd");

      const Twin dx = destination(shape, add);
      const Twin d_weight = random({width}, sums()), d_bias = random({width}, sums());
      tested().layernorm_backward(dx.tested, add, d_weight.tested, d_bias.tested, dy.tested, x.tested,
                                  weight.tested, mean.tested, rstd.tested);
      reference().layernorm_backward(dx.expected, add, d_weight.expected, d_bias.expected, dy.expected,
                                     x.expected, weight.expected, mean.expected, rstd.expected);
      expect_close(dx, "dx");
      expect_close(d_weight, "d_weight");
      expect_close(d_bias, "d_bias");
    }
}

// The variance as the mean of squares minus the square of the mean would lose its digits here.
TEST_P(BackendConformance, LayernormOfNumbersFarFromZero) {
  const Twin x = random({7, 96}, compute(), 100.0), weight = random({96}, sums()),
             bias = random({96}, sums());
  const Twin y = unwritten({7, 96}), mean = unwritten({7}, sums()), rstd = unwritten({7}, sums());
  tested().layernorm_forward(y.tested, mean.tested, rstd.tested, x.tested, weight.tested, bias.tested);
  reference().layernorm_forward(y.expected, mean.expected, rstd.expected, x.expected, weight.expected,
                                bias.expected);
  expect_close(y, "y", 5.0);
}

TEST_P(BackendConformance, Linear) {
  const struct {
    int64_t rows, inputs, outputs;
  } shapes[] = {{1, 1, 1},    {1, 5, 3},     {2, 16, 7},    {17, 33, 65},   {64, 48, 144},
                {70, 20, 80}, {128, 80, 20}, {1, 128, 257}, {33, 129, 500}, {200, 64, 64}};
  for (const auto& s : shapes)
    for (const bool with_bias : {false, true})
      for (const bool with_residual : {false, true})
        for (const bool add : {false, true}) {
          SCOPED_TRACE(fmt::format("N {} I {} O {} bias {} residual {} add {}", s.rows, s.inputs, s.outputs,
                                   with_bias, with_residual, add));
          const Shape outputs{s.rows, s.outputs};
          const Twin x = random({s.rows, s.inputs}), weight = random({s.outputs, s.inputs});
          const Twin bias = with_bias ? random({s.outputs}, sums()) : Twin{};
          const Twin residual = with_residual ? random(outputs) : Twin{};
          for (const DType type : {compute(), sums()}) {
            const Twin y = unwritten(outputs, type);
            tested().linear_forward(y.tested, x.tested, weight.tested, bias.tested, residual.tested);
            reference().linear_forward(y.expected, x.expected, weight.expected, bias.expected,
                                       residual.expected);
            expect_close(y, "y");
          }

          const Twin dy = random(outputs), dx = destination({s.rows, s.inputs}, add);
          tested().linear_backward_input(dx.tested, add, dy.tested, weight.tested);
          reference().linear_backward_input(dx.expected, add, dy.expected, weight.expected);
          expect_close(dx, "dx");

          const Twin d_weight = random({s.outputs, s.inputs}, sums());
          const Twin d_bias = with_bias ? random({s.outputs}, sums()) : Twin{};
          tested().linear_backward_weight(d_weight.tested, d_bias.tested, dy.tested, x.tested);
          reference().linear_backward_weight(d_weight.expected, d_bias.expected, dy.expected, x.expected);
          expect_close(d_weight, "d_weight");
          if (with_bias) expect_close(d_bias, "d_bias");
        }
}

// Long sums and wide outputs, which a backend may compute in several blocks, the last ones smaller.
TEST_P(BackendConformance, WeightGradientOfManyRows) {
  const struct { int64_t rows, inputs, outputs; } shapes[] = {{600, 64, 32}, {257, 400, 70}, {300, 33, 800}};
  for (const auto& s : shapes) {
    SCOPED_TRACE(fmt::format("N {} I {} O {}", s.rows, s.inputs, s.outputs));
    const Twin dy = random({s.rows, s.outputs}), x = random({s.rows, s.inputs});
    const Twin d_weight = random({s.outputs, s.inputs}, sums());
    tested().linear_backward_weight(d_weight.tested, {}, dy.tested, x.tested);
    reference().linear_backward_weight(d_weight.expected, {}, dy.expected, x.expected);
    expect_close(d_weight, "d_weight");
  }
}

struct AttentionShape {
  int64_t batch, positions, heads, head_width;
};
inline constexpr AttentionShape attention_shapes[] = {
    {1, 1, 1, 2},   {2, 3, 2, 5},  {1, 16, 3, 16},  {2, 17, 2, 32},  {1, 33, 1, 64},
    {3, 64, 2, 16}, {2, 70, 3, 5}, {1, 130, 2, 64}, {1, 257, 1, 32}, {2, 65, 4, 2}};

TEST_P(BackendConformance, Attention) {
  for (const AttentionShape& s : attention_shapes)
    for (const float probability : {0.0f, 0.2f}) {
      SCOPED_TRACE(fmt::format("B {} T {} H {} D {} dropout {}", s.batch, s.positions, s.heads, s.head_width,
                               probability));
      const Dropout dropout{.probability = probability, .seed = 3, .step = 8, .site = 2, .first_sample = 5};
      const int64_t width = s.heads * s.head_width;
      const Shape inputs{s.batch, s.positions, 3 * width}, outputs{s.batch, s.positions, width};
      const Twin qkv = random(inputs), dy = random(outputs);
      const Twin y = unwritten(outputs), lse = unwritten({s.batch, s.heads, s.positions}, sums());
      tested().attention_forward(y.tested, lse.tested, qkv.tested, s.heads, 0, dropout);
      reference().attention_forward(y.expected, lse.expected, qkv.expected, s.heads, 0, dropout);
      expect_close(y, "y");
      expect_close(lse, "lse");

      const Twin d_qkv = unwritten(inputs);
      tested().attention_backward(d_qkv.tested, dy.tested, y.tested, lse.tested, qkv.tested, s.heads,
                                  dropout);
      reference().attention_backward(d_qkv.expected, dy.expected, y.expected, lse.expected, qkv.expected,
                                     s.heads, dropout);
      expect_close(d_qkv, "d_qkv");
    }
}

// As a KV cache needs it: the last queries alone, and keys and values in the front of a longer buffer.
TEST_P(BackendConformance, AttentionOfTheLastQueriesInALongerBuffer) {
  for (const AttentionShape& s : attention_shapes)
    for (const int64_t queries : {int64_t{1}, (s.positions + 1) / 2}) {
      SCOPED_TRACE(fmt::format("B {} T {} H {} D {}, {} queries", s.batch, s.positions, s.heads, s.head_width,
                               queries));
      const int64_t width = s.heads * s.head_width;
      const Twin buffer = random({s.batch, s.positions + 3, 3 * width});
      const Twin y = unwritten({s.batch, queries, width}),
                 lse = unwritten({s.batch, s.heads, queries}, sums());
      tested().attention_forward(y.tested, lse.tested, buffer.tested.slice(1, 0, s.positions), s.heads,
                                 s.positions - queries, {});
      reference().attention_forward(y.expected, lse.expected, buffer.expected.slice(1, 0, s.positions),
                                    s.heads, s.positions - queries, {});
      expect_close(y, "y");
      expect_close(lse, "lse");
    }
}

// Scores of some thousands: exp() of one would be infinite, and of the difference of two mostly zero.
TEST_P(BackendConformance, AttentionOfLargeScores) {
  const Twin qkv = random({1, 40, 3 * 16}, compute(), 0.0, 30.0), y = unwritten({1, 40, 16});
  const Twin lse = unwritten({1, 1, 40}, sums());
  tested().attention_forward(y.tested, lse.tested, qkv.tested, 1, 0, {});
  reference().attention_forward(y.expected, lse.expected, qkv.expected, 1, 0, {});
  expect_close(y, "y", 100.0);
  expect_close(lse, "lse");
}

TEST_P(BackendConformance, Gelu) {
  for (const Shape& shape : {Shape{1}, Shape{2, 3, 5}, Shape{70, 33}, Shape{4, 1024}}) {
    SCOPED_TRACE(to_string(shape));
    const Twin x = random(shape, compute(), 0.0, 3.0), y = unwritten(shape), dy = random(shape);
    tested().gelu_forward(y.tested, x.tested);
    reference().gelu_forward(y.expected, x.expected);
    expect_close(y, "y");

    const Twin dx = unwritten(shape);
    tested().gelu_backward(dx.tested, dy.tested, x.tested);
    reference().gelu_backward(dx.expected, dy.expected, x.expected);
    expect_close(dx, "dx");
    tested().gelu_backward(dy.tested, dy.tested, x.tested);  // in place
    expect_close({dy.tested, dx.expected}, "dx over dy");
  }
}

TEST_P(BackendConformance, GeluOfLargeNumbersIsTheNumberOrZero) {
  const Tensor x = tested().empty({4}), y = tested().empty({4});
  x.copy_from(Tensor::from<double>({-80.0, -20.0, 20.0, 80.0}, {4}));
  tested().gelu_forward(y, x);
  tested().synchronize();
  expect_close({y, Tensor::from<double>({0, 0, 20, 80}, {4})}, "y");
}

TEST_P(BackendConformance, DropoutLayer) {
  for (const Shape& shape : {Shape{1, 1}, Shape{2, 3, 5}, Shape{3, 7, 33}, Shape{5, 128}})
    for (const float probability : {0.0f, 0.1f, 0.75f}) {
      SCOPED_TRACE(fmt::format("{} probability {}", shape, probability));
      const Dropout dropout{.probability = probability, .seed = 4, .step = 1, .site = 6, .first_sample = 2};
      const Twin x = random(shape), residual = random(shape), y = unwritten(shape), sum = unwritten(shape);
      tested().dropout_forward(y.tested, x.tested, {}, dropout);
      reference().dropout_forward(y.expected, x.expected, {}, dropout);
      expect_close(y, "y");
      tested().dropout_forward(sum.tested, x.tested, residual.tested, dropout);
      reference().dropout_forward(sum.expected, x.expected, residual.expected, dropout);
      expect_close(sum, "residual + y");

      const Twin dx = unwritten(shape);
      tested().dropout_backward(dx.tested, x.tested, dropout);
      expect_close({dx.tested, y.expected}, "dx");
      tested().dropout_forward(x.tested, x.tested, residual.tested, dropout);  // in place
      expect_close({x.tested, sum.expected}, "y over x");
      const Twin dy = random(shape);
      tested().dropout_backward(dx.tested, dy.tested, dropout);
      tested().dropout_backward(dy.tested, dy.tested, dropout);
      expect_close({dy.tested, dx.tested.host().to(DType::f64).clone()}, "dx over dy");
    }
}

TEST_P(BackendConformance, CrossEntropy) {
  for (const Shape& shape : {Shape{1, 2}, Shape{3, 5}, Shape{17, 65}, Shape{64, 256}, Shape{5, 1001}}) {
    SCOPED_TRACE(to_string(shape));
    const int64_t n = shape[0];
    const Twin logits = random(shape, sums(), 0.0, 4.0);
    const Tensor targets = random_tokens({n}, shape[1], n > 2 ? -1 : 0);
    if (n > 2) targets.data<int32_t>()[1] = -1;
    const Twin losses = unwritten({n}, sums()), lse = unwritten({n}, sums());
    tested().cross_entropy_forward(losses.tested, lse.tested, logits.tested, tested().upload(targets));
    reference().cross_entropy_forward(losses.expected, lse.expected, logits.expected, targets);
    expect_close(losses, "losses");
    expect_close(lse, "lse");

    const Twin d_logits = unwritten(shape);
    tested().cross_entropy_backward(d_logits.tested, logits.tested, lse.tested, tested().upload(targets),
                                    0.125);
    reference().cross_entropy_backward(d_logits.expected, logits.expected, lse.expected, targets, 0.125);
    expect_close(d_logits, "d_logits");
    if (compute() != sums()) continue;
    tested().cross_entropy_backward(logits.tested, logits.tested, lse.tested, tested().upload(targets),
                                    0.125);  // in place
    expect_close({logits.tested, d_logits.expected}, "d_logits over logits");
  }
}

TEST_P(BackendConformance, CrossEntropyOfLargeLogits) {
  const Twin logits = random({6, 33}, sums(), 0.0, 10000.0);
  const Tensor targets = random_tokens({6}, 33);
  const Twin losses = unwritten({6}, sums()), lse = unwritten({6}, sums());
  tested().cross_entropy_forward(losses.tested, lse.tested, logits.tested, tested().upload(targets));
  reference().cross_entropy_forward(losses.expected, lse.expected, logits.expected, targets);
  expect_close(losses, "losses");
}

TEST_P(BackendConformance, CrossEntropyOfATokenThatIsElsewhere) {
  const Twin logits = random({3, 33}, sums());
  const Tensor here = Tensor::from<int32_t>({-1, 5, -1}, {3}), all = Tensor::from<int32_t>({33, 5, -1}, {3});
  const Twin losses = unwritten({3}, sums()), lse = unwritten({3}, sums()), d_logits = unwritten({3, 33});
  tested().cross_entropy_forward(losses.tested, lse.tested, logits.tested, tested().upload(here));
  reference().cross_entropy_forward(losses.expected, lse.expected, logits.expected, here);
  tested().cross_entropy_backward(d_logits.tested, logits.tested, lse.tested, tested().upload(all), 2.0);
  reference().cross_entropy_backward(d_logits.expected, logits.expected, lse.expected, all, 2.0);
  expect_close(d_logits, "d_logits");
  EXPECT_NEAR(reference().sum(d_logits.expected.select(0, 0).clone()), 2.0, 1e-5)
      << "the whole softmax, and nothing taken off";
}

TEST_P(BackendConformance, SumsFillCastAdd) {
  for (const Shape& shape : {Shape{1}, Shape{3, 5}, Shape{1000, 17}}) {
    SCOPED_TRACE(to_string(shape));
    const Twin x = random(shape, sums(), 1.0);
    EXPECT_NEAR(tested().sum(x.tested) / reference().sum(x.expected), 1.0, 1e-6);
    EXPECT_NEAR(tested().sum_of_squares(x.tested) / reference().sum_of_squares(x.expected), 1.0, 1e-6);
    EXPECT_EQ(tested().sum_of_squares(x.tested), tested().sum_of_squares(x.tested)) << "the order changes";

    for (const DType type : {compute(), sums()}) {
      const Twin a = random(shape, type), b = random(shape, type);
      tested().add(a.tested, b.tested);
      reference().add(a.expected, b.expected);
      expect_close(a, "a + b");
      for (const DType to : {compute(), sums()}) {
        const Twin there = unwritten(shape, to), back = unwritten(shape, type);
        tested().cast(there.tested, b.tested);
        tested().cast(back.tested, there.tested);
        expect_close({back.tested, b.expected}, "cast there and back");
      }
      tested().fill(a.tested, 0.5);
      a.expected.fill(0.5);
      expect_close(a, "fill");
    }
  }
}

TEST_P(BackendConformance, AdamW) {
  for (const int64_t n : {1, 17, 1000}) {
    SCOPED_TRACE(n);
    const Twin value = random({n}, sums()), m = random({n}, sums(), 0.0, 0.0), v = copy(m);
    const Tensor compute_copy = compute() == sums() ? Tensor() : tested().empty({n});
    for (int64_t step = 1; step <= 5; ++step) {
      const Twin gradient = random({n}, sums());
      const AdamWStep numbers{.learning_rate = 0.01 / static_cast<double>(step),
                              .beta2 = 0.95,
                              .weight_decay = 0.1,
                              .gradient_scale = 0.5,
                              .step = step};
      tested().adamw(value.tested, gradient.tested, m.tested, v.tested, compute_copy, numbers);
      reference().adamw(value.expected, gradient.expected, m.expected, v.expected, {}, numbers);
    }
    // The optimizer works in the sum type, whatever the compute type: f32's digits are expected of bf16 too.
    const double looser = is_bf16() ? 1e-5 / tolerance() : 1.0;
    expect_close(value, "value", looser);
    expect_close(m, "m", looser);
    expect_close(v, "v", looser);
    if (compute_copy.defined()) expect_close({compute_copy, value.expected}, "compute_copy");
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BackendConformance);

}  // namespace gpt
