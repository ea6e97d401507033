// The gradient of a weight, dW += dYᵀ · X, in bf16 on matrix tiles. It is the product with the longest sums,
// one over all rows of the batch, and the only one whose left factor stands the wrong way round in memory.
// oneDNN copies that factor by a slow path; here it is transposed with the words that it is made of, block by
// block.

#include "05_gpt/cpu_weight_gradient.hpp"

#include <omp.h>

#include <algorithm>

#include "05_gpt/cpu_packing.hpp"
#include "05_gpt/cpu_scratch.hpp"

namespace gpt::cpu {

#if GPT_HAS_TILES

namespace {

// A block of dW in f32, and the parts of dYᵀ and X that are added to it at a time, lie in a core's second
// cache (590 + 197 + 197 kB). A strip of 32 rows of the one and of 32 columns of the other lie in its first
// (16 + 16 kB).
constexpr int64_t most_outputs = 384, most_inputs = 384, depth = 256;

/// The number of pieces of at most `piece` that n falls into.
int64_t pieces(int64_t n, int64_t piece) {
  return (n + piece - 1) / piece;
}

/// How many outputs a block has: as many as there may be, or fewer, so that every thread gets as many blocks.
int64_t outputs_per_block(int64_t O, int64_t I) {
  int64_t count = pieces(O, most_outputs);
  while (count * pieces(I, most_inputs) % omp_get_max_threads() != 0 && count * panel < O) ++count;
  return round_up(pieces(O, count), panel);
}

/// sum += the rows of m. They have just been read: they come from a cache.
void add_rows(const Matrix& m, float* sum) {
  for (int64_t r = 0; r < m.rows; ++r)
    map_vectors(
        0, m.columns, [](Vector old, Vector more) { return old + more; }, sum, sum, m.data + r * m.row);
}

}  // namespace

// [weight_gradient]
void weight_gradient_in_tiles(const Tensor& d_weight, const Tensor& d_bias, const Tensor& dy,
                              const Tensor& x) {
  const int64_t N = x.size(0), I = x.size(1), O = dy.size(1), strip = panel * depth;
  const int64_t outputs = outputs_per_block(O, I), inputs = std::min(most_inputs, round_up(I, panel));
#pragma omp parallel
  {
    const TileScope tiles;
    Scratch scratch(outputs * inputs + depth * (outputs + inputs) / 2, false);
    float* sums = scratch.take(outputs * inputs);  // in blocks of 32 × 32
    bf16 *left = scratch.take<bf16>(depth * outputs), *right = scratch.take<bf16>(depth * inputs);
#pragma omp for collapse(2) schedule(static)
    for (int64_t o = 0; o < O; o += outputs)
      for (int64_t i = 0; i < I; i += inputs) {
        const int64_t o_count = std::min(outputs, O - o), i_count = std::min(inputs, I - i);
        for (int64_t n = 0; n < N; n += depth) {
          const int64_t n_count = std::min(depth, N - n);
          const Matrix dy_part{dy.data<bf16>() + n * O + o, O, n_count, o_count};
          pack_left_transposed(dy_part, strip, left);
          pack_right({x.data<bf16>() + n * I + i, I, n_count, i_count}, strip, right);
          if (i == 0 && d_bias.defined()) add_rows(dy_part, d_bias.data<float>() + o);
          for (int64_t j = 0; j < i_count; j += panel)
            for (int64_t m = 0; m < o_count; m += panel)
              multiply_strips(round_up(n_count, panel), left + m * depth, right + j * depth,
                              sums + m * inputs + j * panel, n > 0, [](int64_t) {});
        }
        for (int64_t r = 0; r < o_count; ++r)
          for (int64_t j = 0; j < i_count; j += panel) {
            float* to = d_weight.data<float>() + (o + r) * I + i + j;
            const float* sum = sums + r / panel * panel * inputs + j * panel + r % panel * panel;
            map_vectors(
                0, std::min(panel, i_count - j), [](Vector old, Vector more) { return old + more; }, to, to,
                sum);
          }
      }
  }
}
// [/weight_gradient]

#else

void weight_gradient_in_tiles(const Tensor&, const Tensor&, const Tensor&, const Tensor&) {
  GPT_CHECK(false, "built without tiles");
}

#endif

}  // namespace gpt::cpu
