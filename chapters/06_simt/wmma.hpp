#pragma once
// Tensor cores: products of small matrices that a whole warp computes together, spread over its lanes as
// fragments. For nvcc these are CUDA's nvcuda::wmma; on the SIMT machine, what follows.
//
// CUDA leaves open which lane holds which element of these fragments. Here it is as in the instructions that
// nvcc makes of them from sm_80 on (PTX ISA, mma.m16n8k16): the matrix is cut into blocks of 8 × 8, and lane
// l holds two neighbours in row l / 4 of each. So the checker counts the requests that a GPU makes. Products
// of bf16 are exact in float and summed in float, as on the GPU, whose order of summation is not documented:
// compare with a tolerance.

#include "06_simt/bf16.hpp"

#ifdef __CUDACC__
#include <mma.h>

namespace gpt::simt::inline FOR_KERNEL_SPACE {
namespace wmma = nvcuda::wmma;
}  // namespace gpt::simt::inline FOR_KERNEL_SPACE
#else

namespace gpt::simt::inline FOR_KERNEL_SPACE::wmma {

struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };

/// One lane's part of an M × K (matrix_a), K × N (matrix_b) or M × N (accumulator) matrix.
template <class Use, int M, int N, int K, class T, class Layout = row_major>
struct fragment {
  static constexpr int rows = std::is_same_v<Use, matrix_b> ? K : M;
  static constexpr int cols = std::is_same_v<Use, matrix_a> ? K : N;
  static constexpr int num_elements = rows * cols / 32;
  static constexpr bool by_rows = std::is_same_v<Layout, row_major>;
  static constexpr int blocks = (by_rows ? rows : cols) / 8;  // above each other

  T x[num_elements];

  /// The element's line of neighbours in memory, a row or a column, and its place in that line.
  static int line(int lane, int element) { return element / 2 % blocks * 8 + lane / 4; }
  static int place(int lane, int element) { return element / 2 / blocks * 8 + lane % 4 * 2 + element % 2; }
  static int row(int lane, int element) { return by_rows ? line(lane, element) : place(lane, element); }
  static int col(int lane, int element) { return by_rows ? place(lane, element) : line(lane, element); }
};

template <class U, int M, int N, int K, class T, class L>
void fill_fragment(fragment<U, M, N, K, T, L>& f, T value) {
  for (T& x : f.x) x = value;
}

namespace detail {

using simt::detail::here;
using simt::detail::lane;
using simt::detail::WarpExchange;
using simt::detail::Where;

/// All 32 lanes come together; what CUDA asks of the address holds.
inline void meet(const void* p, size_t stride_bytes, const char* name, Where where) {
  if (reinterpret_cast<uintptr_t>(p) % 32 != 0 || stride_bytes % 16 != 0)
    simt::detail::fail_at(where,
                          "a wmma matrix begins at a multiple of 32 bytes, and its stride is one of 16");
  simt::detail::warp_collective(
      ~0u, 0, 0, name, [](WarpExchange&) {}, where);
}

struct __attribute__((may_alias)) Word {
  unsigned bits;
};

/// Copies two neighbours in one piece, as a GPU does.
template <class T>
void copy_pair(T* to, const T* from) {
  using Pair = std::conditional_t<sizeof(T) == 2, Word, uint2>;
  static_assert(sizeof(Pair) == 2 * sizeof(T));
  *reinterpret_cast<Pair*>(to) = *reinterpret_cast<const Pair*>(from);
}

}  // namespace detail

template <class U, int M, int N, int K, class T, class L>
void load_matrix_sync(fragment<U, M, N, K, T, L>& f, const T* p, unsigned stride,
                      detail::Where where = detail::here()) {
  using F = fragment<U, M, N, K, T, L>;
  detail::meet(p, stride * sizeof(T), "load_matrix_sync", where);
  const int lane = detail::lane();
  for (int i = 0; i < F::num_elements; i += 2)
    detail::copy_pair(f.x + i, p + F::line(lane, i) * stride + F::place(lane, i));
}

template <int M, int N, int K, class T>
void load_matrix_sync(fragment<accumulator, M, N, K, T>& f, const T* p, unsigned stride, layout_t layout,
                      detail::Where where = detail::here()) {
  using F = fragment<accumulator, M, N, K, T>;
  if (layout == mem_row_major) return load_matrix_sync(f, p, stride, where);
  detail::meet(p, stride * sizeof(T), "load_matrix_sync", where);
  const int lane = detail::lane();
  for (int i = 0; i < F::num_elements; ++i) f.x[i] = p[F::col(lane, i) * stride + F::row(lane, i)];
}

template <int M, int N, int K, class T>
void store_matrix_sync(T* p, const fragment<accumulator, M, N, K, T>& f, unsigned stride, layout_t layout,
                       detail::Where where = detail::here()) {
  using F = fragment<accumulator, M, N, K, T>;
  detail::meet(p, stride * sizeof(T), "store_matrix_sync", where);
  const int lane = detail::lane();
  for (int i = 0; i < F::num_elements; i += layout == mem_row_major ? 2 : 1)
    if (layout == mem_row_major) {
      detail::copy_pair(p + F::row(lane, i) * stride + F::col(lane, i), f.x + i);
    } else {
      p[F::col(lane, i) * stride + F::row(lane, i)] = f.x[i];
    }
}

// [mma]
/// d = a · b + c: the last lane to arrive collects the fragments of all lanes, multiplies, and hands out the
/// result.
template <int M, int N, int K, class T, class LA, class LB, class D>
void mma_sync(fragment<accumulator, M, N, K, D>& d, const fragment<matrix_a, M, N, K, T, LA>& a,
              const fragment<matrix_b, M, N, K, T, LB>& b, const fragment<accumulator, M, N, K, D>& c,
              detail::Where where = detail::here()) {
  struct Operands {
    fragment<accumulator, M, N, K, D>* d;
    const fragment<matrix_a, M, N, K, T, LA>* a;
    const fragment<matrix_b, M, N, K, T, LB>* b;
    const fragment<accumulator, M, N, K, D>* c;
  };
  Operands mine{&d, &a, &b, &c};
  const simt::detail::Finish finish = [](detail::WarpExchange& warp) {
    float left[M][K], right[K][N], sum[M][N];
    const auto of = [&](int lane) { return reinterpret_cast<Operands*>(warp.value[lane]); };
    const auto each = [&](auto* f, int lane, auto&& matrix) {
      for (int i = 0; i < f->num_elements; ++i)
        matrix[f->row(lane, i)][f->col(lane, i)] = static_cast<float>(f->x[i]);
    };
    warp.for_each_lane([&](int lane) {
      each(of(lane)->a, lane, left);
      each(of(lane)->b, lane, right);
      each(of(lane)->c, lane, sum);
    });
    for (int i = 0; i < M; ++i)
      for (int k = 0; k < K; ++k)
        for (int j = 0; j < N; ++j) sum[i][j] += left[i][k] * right[k][j];
    warp.for_each_lane([&](int lane) {
      auto* f = of(lane)->d;
      for (int i = 0; i < f->num_elements; ++i)
        f->x[i] = static_cast<D>(sum[f->row(lane, i)][f->col(lane, i)]);
    });
  };
  simt::detail::warp_collective(~0u, reinterpret_cast<uintptr_t>(&mine), 0, "mma_sync", finish, where);
}
// [/mma]

}  // namespace gpt::simt::inline FOR_KERNEL_SPACE::wmma
#endif
