#pragma once
// Factors of a product of bf16, packed for multiply_strips(): in strips of 32 rows of the left factor and of
// 32 columns of the right one, each in the order in which tiles read it. Both sides are filled up with zeros
// to multiples of 32. A factor may stand in memory as it is multiplied or transposed.

#include <cstring>

#include "05_gpt/cpu_amx.hpp"
#include "05_gpt/cpu_tiles.hpp"

#if GPT_HAS_TILES

namespace gpt::cpu {

/// A matrix of bf16 with dense rows.
struct Matrix {
  const bf16* data;
  int64_t row;  ///< from one row to the next
  int64_t rows, columns;

  Matrix part(int64_t from_row, int64_t row_count, int64_t from_column, int64_t column_count) const {
    return {data + from_row * row + from_column, row, row_count, column_count};
  }
};

/// At most 32 rows × 32 columns of a matrix from (r, c) on, as a full block of whole words: in place, or
/// filled up in `room`.
inline Matrix block_at(const Matrix& m, int64_t r, int64_t c, bf16* room) {
  const int64_t rows = std::min(m.rows - r, panel), columns = std::min(m.columns - c, panel);
  const bf16* from = m.data + r * m.row + c;
  if (rows == panel && columns == panel && m.row % 2 == 0) return {from, m.row, panel, panel};
  std::fill_n(room, panel * panel, bf16());
  for (int64_t i = 0; i < rows; ++i) std::copy_n(from + i * m.row, columns, room + i * panel);
  return {room, panel, panel, panel};
}

/// Calls pack(block, to) for the blocks of 32 × 32 of a matrix. `strips_of_rows`: a strip holds 32 rows, and
/// its blocks follow one another along the columns; else 32 columns, and along the rows. A strip begins
/// `strip` elements after the one before it.
template <class Pack>
void pack_blocks(const Matrix& m, bool strips_of_rows, int64_t strip, bf16* to, Pack&& pack) {
  alignas(64) bf16 room[panel * panel];
  for (int64_t r = 0; r < m.rows; r += panel)
    for (int64_t c = 0; c < m.columns; c += panel)
      pack(block_at(m, r, c, room),
           strips_of_rows ? to + r / panel * strip + c * panel : to + c / panel * strip + r * panel);
}

/// A left factor (rows, k).
inline void pack_left(const Matrix& m, int64_t strip, bf16* to) {
  pack_blocks(m, true, strip, to, [](const Matrix& from, bf16* block) {
    for (int64_t i = 0; i < panel; ++i)
      std::memcpy(block + i * panel, from.data + i * from.row, panel * sizeof(bf16));
  });
}

/// A left factor that stands in memory as (k, rows).
inline void pack_left_transposed(const Matrix& m, int64_t strip, bf16* to) {
  pack_blocks(m, false, strip, to, [](const Matrix& from, bf16* block) {
    transpose_tile(from.data, from.row, block, panel);
    transpose_tile(from.data + 16, from.row, block + 16 * panel, panel);
  });
}

/// A right factor (k, columns).
inline void pack_right(const Matrix& m, int64_t strip, bf16* to) {
  pack_blocks(m, false, strip, to, [](const Matrix& from, bf16* block) {
    pair_rows(from.data, from.row, panel, panel, block, 2 * panel);
  });
}

/// A right factor that stands in memory as (columns, k).
inline void pack_right_transposed(const Matrix& m, int64_t strip, bf16* to) {
  pack_blocks(m, true, strip, to, [](const Matrix& from, bf16* block) {
    transpose_words(panel, panel / 2, from.data, from.row / 2, block, panel);
  });
}

}  // namespace gpt::cpu

#endif
