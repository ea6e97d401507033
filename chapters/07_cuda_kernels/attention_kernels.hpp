#pragma once
// What the rungs of attention share: where the rows of one head lie, and the rungs' entry points, one
// template a file of kernels. Only .cu files include it.

#include "05_gpt/dropout.hpp"
#include "07_cuda_kernels/attention.hpp"
#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {

// [head_rows]
/// The head that a row of scores belongs to, and where its rows lie.
struct HeadRows {
  int64_t b, h;
  int64_t qkv_row;            ///< elements from one position of qkv to the next: 3C
  int64_t query, key, value;  ///< the element at position 0 of this head's part
  int64_t out;                ///< the same in y and dy, at the first query
  int64_t statistics;         ///< the same in lse, of (B, H, queries)

  __device__ HeadRows(const AttentionShape& a, int64_t head)  // head: b · H + h
      : b(head / a.heads),
        h(head % a.heads),
        qkv_row(3 * a.width()),
        query(b * a.sample_stride + h * a.head_width),
        key(query + a.width()),
        value(key + a.width()),
        out(b * a.queries() * a.width() + h * a.head_width),
        statistics(head * a.queries()) {}

  /// Where the gradients of this head begin in d_qkv, which is contiguous: query, then C on key, then value.
  __device__ int64_t gradient(const AttentionShape& a) const {
    return b * a.positions * qkv_row + h * a.head_width;
  }
};
// [/head_rows]

/// Dropout's factor for the score of query t and key s.
__device__ inline float attention_factor(const Dropout& dropout, const AttentionShape& a,
                                         const HeadRows& head, int64_t t, int64_t s) {
  return dropout.active() ? dropout.factor(head.b, (head.h * a.positions + t) * a.positions + s) : 1.0f;
}

/// The forward pass of one type, as the rungs implement it.
template <class T>
struct AttentionForward {
  T* y;
  float* lse;
  const T* qkv;
  AttentionShape shape;
  Dropout dropout;
};

template <class T>
struct AttentionBackward {
  T* d_qkv;
  const T *dy, *y;
  const float* lse;
  const T* qkv;
  AttentionShape shape;
  Dropout dropout;
};

// attention_plain.cu
template <class T>
void plain_forward(const AttentionForward<T>& pass, float* scores, Stream stream);
template <class T>
void plain_backward(const AttentionBackward<T>& pass, float* scores, Stream stream);

// attention_tiles.cu, attention_tiles_backward.cu
template <class T>
void tiles_forward(const AttentionForward<T>& pass, Stream stream);
template <class T>
void tiles_backward(const AttentionBackward<T>& pass, float* delta, Stream stream);
/// delta[b,h,t] = dy_t · y_t.
template <class T>
void launch_delta(const AttentionBackward<T>& pass, float* delta, Stream stream);

// attention_cores.cu, attention_cores_backward.cu
void cores_forward(const AttentionForward<simt::bf16>& pass, Stream stream);
void cores_backward(const AttentionBackward<simt::bf16>& pass, float* delta, Stream stream);

}  // namespace gpt::KERNEL_SPACE
