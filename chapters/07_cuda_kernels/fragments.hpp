#pragma once
// Loading fragments for tensor cores from shared memory. wmma's own load_matrix_sync does not know that its
// pointer is to shared memory, and takes four loads of 4 bytes a lane; told so, it is one instruction for the
// whole warp (ldmatrix). The instruction is the same otherwise (PTX ISA, wmma.load).

#include "06_simt/wmma.hpp"

namespace gpt::KERNEL_SPACE {

using LeftByRows = simt::wmma::fragment<simt::wmma::matrix_a, 16, 16, 16, simt::bf16, simt::wmma::row_major>;
using LeftByCols = simt::wmma::fragment<simt::wmma::matrix_a, 16, 16, 16, simt::bf16, simt::wmma::col_major>;
using RightByRows = simt::wmma::fragment<simt::wmma::matrix_b, 16, 16, 16, simt::bf16, simt::wmma::row_major>;
using RightByCols = simt::wmma::fragment<simt::wmma::matrix_b, 16, 16, 16, simt::bf16, simt::wmma::col_major>;
using Sums = simt::wmma::fragment<simt::wmma::accumulator, 16, 16, 16, float>;

// [load_shared]
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define GPT_LOAD_SHARED(Fragment, which)                                                  \
  __device__ inline void load_shared(Fragment& f, const simt::bf16* p, unsigned stride) { \
    unsigned* to = reinterpret_cast<unsigned*>(f.x);                                      \
    asm volatile("wmma.load." which ".m16n16k16.shared.bf16 {%0, %1, %2, %3}, [%4], %5;"  \
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])                     \
                 : "r"(static_cast<unsigned>(__cvta_generic_to_shared(p))), "r"(stride)   \
                 : "memory");                                                             \
  }
GPT_LOAD_SHARED(LeftByRows, "a.sync.aligned.row")
GPT_LOAD_SHARED(LeftByCols, "a.sync.aligned.col")
GPT_LOAD_SHARED(RightByRows, "b.sync.aligned.row")
GPT_LOAD_SHARED(RightByCols, "b.sync.aligned.col")
#undef GPT_LOAD_SHARED
#else
template <class Fragment>
__device__ void load_shared(Fragment& f, const simt::bf16* p, unsigned stride) {
  simt::wmma::load_matrix_sync(f, p, stride);
}
#endif
// [/load_shared]

}  // namespace gpt::KERNEL_SPACE
