#pragma once
// Matrix tiles: eight registers of 16 rows × 64 bytes that newer Intel processors multiply by one instruction
// (AMX). A product of tiles takes factors in bf16 and sums in f32: 16 · 16 · 32 multiplications at once.
//
// The right factor comes in *pairs*: two rows of it interleaved, so that the two numbers which one 32-bit
// lane adds up lie side by side. With K rows, pairs are K / 2 rows: pairs[k / 2][n][k % 2] = B[k][n].

#include <array>
#include <cstdint>

#include "05_gpt/cpu_vector.hpp"

#if defined(__AMX_BF16__) && defined(__AVX512BF16__)
#define GPT_HAS_TILES 1
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#define GPT_HAS_TILES 0
#endif

namespace gpt::cpu {

using Word = uint32_t;  ///< two bf16, or one float: what lanes move around

/// 16 × 16 words in sixteen registers.
struct WordTile {
  using Row = Word __attribute__((vector_size(64), aligned(4), may_alias));
  Row rows[16];

  void load(const Word* from, int64_t row) {
    for (int i = 0; i < 16; ++i) rows[i] = *reinterpret_cast<const Row*>(from + i * row);
  }
  void store(Word* to, int64_t row) const {
    for (int i = 0; i < 16; ++i) *reinterpret_cast<Row*>(to + i * row) = rows[i];
  }
  /// Four rounds: round s swaps the words whose row and column differ in bit s.
  void transpose() {
    round<1>();
    round<2>();
    round<4>();
    round<8>();
  }

 private:
  template <Word s>
  void round() {
    Row first,
        second;  // where the words of a row and of its partner come from: 0 … 15 the row, then the partner
    for (Word j = 0; j < 16; ++j) {
      first[j] = j & s ? 16 + (j ^ s) : j;
      second[j] = j & s ? 16 + j : j ^ s;
    }
#pragma GCC unroll 16
    for (Word i = 0; i < 16; ++i) {
      if (i & s) continue;
      const Row a = rows[i], b = rows[i | s];
      rows[i] = __builtin_shuffle(a, b, first);
      rows[i | s] = __builtin_shuffle(a, b, second);
    }
  }
};

/// The transpose of rows × columns words, both multiples of 16. A word is a float or a pair of bf16; row
/// strides are counted in words.
inline void transpose_words(int64_t rows, int64_t columns, const void* in, int64_t in_row, void* out,
                            int64_t out_row) {
  for (int64_t r = 0; r < rows; r += 16)
    for (int64_t c = 0; c < columns; c += 16) {
      WordTile tile;
      tile.load(static_cast<const Word*>(in) + r * in_row + c, in_row);
      tile.transpose();
      tile.store(static_cast<Word*>(out) + c * out_row + r, out_row);
    }
}

#if GPT_HAS_TILES

/// GCC's tile instructions do not say that they read memory; this keeps stores before them where they are.
inline void finish_stores() {
  asm volatile("" ::: "memory");
}

/// True where the system lets this process use tiles: they enlarge what it must save when threads change.
inline bool tiles_available() {
  static const bool granted = [] {
    constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
  }();
  return granted;
}

/// While it lives, this thread's tiles are set up: all eight with 16 rows of 64 bytes.
class TileScope {
 public:
  TileScope() {
    struct alignas(64) {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } const shape;
    finish_stores();
    _tile_loadconfig(&shape);
  }
  ~TileScope() { _tile_release(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

/// A left factor: rows of bf16. Element (m, k) lies at data[m · row + k] where step is 32. A larger step
/// leads from 32 columns to the next 32, so that a strip of 32 rows can lie in memory in the order of its
/// use.
struct LeftFactor {
  const bf16* data;
  int64_t row;
  int64_t step = 32;
};

// [multiply]
/// C (M × N) (+)= A (M × K) · B (K × N). B: bf16 in pairs, b_row from one pair of rows to the next; C: rows
/// of f32. M, N and K are multiples of 32. Four tiles of C stay in registers while k runs, so that each tile
/// of A and of B that is loaded is used twice.
inline void multiply_tiles(int64_t M, int64_t N, int64_t K, LeftFactor A, const bf16* B, int64_t b_row,
                           float* C, int64_t c_row, bool add) {
  finish_stores();
  const int64_t a_bytes = 2 * A.row, b_bytes = 2 * b_row, c_bytes = 4 * c_row;
  for (int64_t m = 0; m < M; m += 32)
    for (int64_t n = 0; n < N; n += 32) {
      float *top = C + m * c_row + n, *bottom = top + 16 * c_row;
      if (add) {
        _tile_loadd(0, top, c_bytes);
        _tile_loadd(1, top + 16, c_bytes);
        _tile_loadd(2, bottom, c_bytes);
        _tile_loadd(3, bottom + 16, c_bytes);
      } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
      }
      for (int64_t k = 0; k < K; k += 32) {
        const bf16 *a = A.data + m * A.row + k / 32 * A.step, *b = B + k / 2 * b_row + 2 * n;
        _tile_loadd(4, a, a_bytes);
        _tile_loadd(5, a + 16 * A.row, a_bytes);
        _tile_loadd(6, b, b_bytes);
        _tile_loadd(7, b + 32, b_bytes);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
      _tile_stored(0, top, c_bytes);
      _tile_stored(1, top + 16, c_bytes);
      _tile_stored(2, bottom, c_bytes);
      _tile_stored(3, bottom + 16, c_bytes);
    }
}
// [/multiply]

/// The same for one block of C, 32 × 32 floats in a row, and factors packed in the order of their use: every
/// 32 columns of the left one as 32 dense rows, every pair of rows of the right one as 32 dense pairs. After
/// each step of 32 along k, `meanwhile(step)` is called: tiles are multiplied beside the other instructions,
/// and what a few vectors do there costs next to no time.
template <class Meanwhile>
void multiply_strips(int64_t K, const bf16* left, const bf16* right, float* C, bool add,
                     Meanwhile&& meanwhile) {
  finish_stores();
  constexpr int64_t row = 32 * sizeof(float), half = 16 * 32;
  if (add) {
    _tile_loadd(0, C, row);
    _tile_loadd(1, C + 16, row);
    _tile_loadd(2, C + half, row);
    _tile_loadd(3, C + half + 16, row);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t k = 0; k < K; k += 32) {
    const bf16 *a = left + k * 32, *b = right + k * 32;
    _tile_loadd(4, a, 64);
    _tile_loadd(6, b, 128);
    _tile_loadd(7, b + 32, 128);
    _tile_loadd(5, a + half, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
    meanwhile(k / 32);
  }
  _tile_stored(0, C, row);
  _tile_stored(1, C + 16, row);
  _tile_stored(2, C + half, row);
  _tile_stored(3, C + half + 16, row);
}

namespace detail {
/// Lane order that interleaves the halves of a register: 0, 16, 1, 17, …
inline __m512i interleaved() {
  alignas(64) static constexpr auto order = [] {
    std::array<uint16_t, 32> lanes{};
    for (uint16_t i = 0; i < 32; ++i) lanes[i] = i / 2 + i % 2 * 16;
    return lanes;
  }();
  return _mm512_load_si512(order.data());
}
}  // namespace detail

/// Two rows of 16 floats as 16 pairs of bf16.
inline void store_pairs(bf16* pairs, Vector even, Vector odd) {
  const __m512bh halves = _mm512_cvtne2ps_pbh(std::bit_cast<__m512>(odd), std::bit_cast<__m512>(even));
  _mm512_storeu_si512(pairs, _mm512_permutexvar_epi16(detail::interleaved(), std::bit_cast<__m512i>(halves)));
}

/// Rows × columns of bf16, in pairs: pairs[r / 2][c][r % 2] = from[r][c]. Rows are even, columns a multiple
/// of 16.
inline void pair_rows(const bf16* from, int64_t row, int64_t rows, int64_t columns, bf16* pairs,
                      int64_t pair_row) {
  const auto half = [](const bf16* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); };
  for (int64_t r = 0; r < rows; r += 2)
    for (int64_t c = 0; c < columns; c += 16) {
      const bf16* p = from + r * row + c;
      const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(half(p)), half(p + row), 1);
      _mm512_storeu_si512(pairs + r / 2 * pair_row + 2 * c,
                          _mm512_permutexvar_epi16(detail::interleaved(), both));
    }
}

/// The transpose of 32 rows × 16 columns of bf16: 16 rows of 64 bytes, one tile of a left factor.
inline void transpose_tile(const bf16* from, int64_t row, bf16* to, int64_t to_row) {
  alignas(64) bf16 pairs[32 * 16];
  pair_rows(from, row, 32, 16, pairs, 32);
  transpose_words(16, 16, pairs, 16, to, to_row / 2);
}

#else

inline bool tiles_available() {
  return false;
}

#endif

}  // namespace gpt::cpu
