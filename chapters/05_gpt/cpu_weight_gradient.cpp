// The gradient of a weight, dW += dYᵀ · X, in bf16 on matrix tiles. It is the product with the longest sums,
// one over all rows of the batch, and the only one whose left factor stands the wrong way round in memory.
// oneDNN copies that factor by a slow path; here it is transposed with the words that it is made of, block by
// block.

#include "05_gpt/cpu_weight_gradient.hpp"

#include <omp.h>

#include <algorithm>

#include "05_gpt/cpu_amx.hpp"
#include "05_gpt/cpu_scratch.hpp"
#include "05_gpt/cpu_tiles.hpp"

namespace gpt::cpu {

#if GPT_HAS_TILES

namespace {

// A block of dW in f32, and the parts of dYᵀ and X that are added to it at a time, lie in a core's second
// cache (590 + 197 + 197 kB). A strip of 32 rows of the one and of 32 columns of the other lie in its first
// (16 + 16 kB).
constexpr int64_t most_outputs = 384, most_inputs = 384, depth = 256;

/// A matrix of bf16 whose sides are multiples of 32.
struct Padded {
  const bf16* data;
  int64_t row, rows, columns;
};

/// Part of a matrix, filled up with zeros to multiples of 32: in place where it needs none, else in `room`.
Padded pad(const bf16* from, int64_t row, int64_t rows, int64_t columns, bf16* room) {
  const int64_t all_rows = round_up(rows, panel), all_columns = round_up(columns, panel);
  if (rows == all_rows && columns == all_columns) return {from, row, rows, columns};
  std::fill_n(room, all_rows * all_columns, bf16());
  for (int64_t r = 0; r < rows; ++r) std::copy_n(from + r * row, columns, room + r * all_columns);
  return {room, all_columns, all_rows, all_columns};
}

// Both are packed in strips of 32 columns, `depth` rows each, so that a product reads straight on.

/// The transpose, for the left factor: each strip in tiles of 32 rows.
void pack_left(const Padded& a, bf16* strips) {
  for (int64_t r = 0; r < a.rows; r += panel)
    for (int64_t c = 0; c < a.columns; c += 16)
      transpose_tile(a.data + r * a.row + c, a.row,
                     strips + c / panel * panel * depth + r * panel + c % panel * panel, panel);
}

/// In pairs, for the right factor.
void pack_right(const Padded& b, bf16* strips) {
  for (int64_t r = 0; r < b.rows; r += 2)
    for (int64_t c = 0; c < b.columns; c += panel)
      pair_rows(b.data + r * b.row + c, b.row, 2, panel, strips + c * depth + r * panel, 2 * panel);
}

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

}  // namespace

// [weight_gradient]
void weight_gradient_in_tiles(const Tensor& d_weight, const Tensor& dy, const Tensor& x) {
  const int64_t N = x.size(0), I = x.size(1), O = dy.size(1);
  const int64_t outputs = outputs_per_block(O, I), inputs = std::min(most_inputs, round_up(I, panel));
#pragma omp parallel
  {
    const TileScope tiles;
    Scratch scratch(outputs * inputs + depth * (outputs + inputs));
    float* sum = scratch.take(outputs * inputs);
    bf16* room = scratch.take<bf16>(depth * std::max(outputs, inputs));
    bf16 *left = scratch.take<bf16>(depth * outputs), *right = scratch.take<bf16>(depth * inputs);
#pragma omp for collapse(2) schedule(static)
    for (int64_t o = 0; o < O; o += outputs)
      for (int64_t i = 0; i < I; i += inputs) {
        const int64_t o_count = std::min(outputs, O - o), i_count = std::min(inputs, I - i);
        std::fill_n(sum, outputs * inputs, 0.0f);
        for (int64_t n = 0; n < N; n += depth) {
          const int64_t n_count = std::min(depth, N - n);
          const Padded a = pad(dy.data<bf16>() + n * O + o, O, n_count, o_count, room);
          pack_left(a, left);
          const Padded b = pad(x.data<bf16>() + n * I + i, I, n_count, i_count, room);
          pack_right(b, right);
          for (int64_t j = 0; j < b.columns; j += panel)
            for (int64_t m = 0; m < a.columns; m += panel)
              multiply_tiles(panel, panel, a.rows, {left + m * depth, panel, panel * panel},
                             right + j * depth, 2 * panel, sum + m * inputs + j, inputs, true);
        }
        for (int64_t r = 0; r < o_count; ++r) {
          float* to = d_weight.data<float>() + (o + r) * I + i;
          map_vectors(
              0, i_count, [](Vector old, Vector more) { return old + more; }, to, to, sum + r * inputs);
        }
      }
  }
}
// [/weight_gradient]

#else

void weight_gradient_in_tiles(const Tensor&, const Tensor&, const Tensor&) {
  GPT_CHECK(false, "built without tiles");
}

#endif

}  // namespace gpt::cpu
