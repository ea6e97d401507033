// Attention, rung 0: three kernels forward and three backward, with all scores in memory.

#include "07_cuda_kernels/attention_kernels.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 256;

template <class T>
__device__ float dot(const T* a, const T* b, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += to_float(a[i]) * to_float(b[i]);
  return sum;
}

__device__ float scale_of(const AttentionShape& a) {
  return rsqrtf(static_cast<float>(a.head_width));
}

// [plain_forward]
/// One thread a score. Those of the future, s > t, are never written or read.
template <class T>
__global__ void scores_kernel(float* scores, AttentionForward<T> pass) {
  const AttentionShape& a = pass.shape;
  const int64_t index = thread_index(), row = index / a.positions, s = index % a.positions;
  if (row >= a.batch * a.heads * a.queries()) return;
  const int64_t t = a.first_query + row % a.queries();
  if (s > t) return;
  const HeadRows head(a, row / a.queries());
  scores[index] = scale_of(a) * dot(pass.qkv + head.query + t * head.qkv_row,
                                    pass.qkv + head.key + s * head.qkv_row, a.head_width);
}

/// One warp a query: its scores become the weights m · p.
template <class T>
__global__ void weights_kernel(float* scores, AttentionForward<T> pass) {
  const AttentionShape& a = pass.shape;
  const int64_t row = thread_index() / 32, lane = threadIdx.x % 32;
  if (row >= a.batch * a.heads * a.queries()) return;
  const HeadRows head(a, row / a.queries());
  const int64_t t = a.first_query + row % a.queries();
  float* score = scores + row * a.positions;
  float largest = -INFINITY, denominator = 0;
  for (int64_t s = lane; s <= t; s += 32) largest = fmaxf(largest, score[s]);
  for (int distance = 16; distance > 0; distance /= 2)
    largest = fmaxf(largest, __shfl_xor_sync(all_lanes, largest, distance));
  for (int64_t s = lane; s <= t; s += 32) denominator += expf(score[s] - largest);
  for (int distance = 16; distance > 0; distance /= 2)
    denominator += __shfl_xor_sync(all_lanes, denominator, distance);
  const float lse = largest + logf(denominator);
  if (lane == 0) pass.lse[row] = lse;
  for (int64_t s = lane; s <= t; s += 32)
    score[s] = expf(score[s] - lse) * attention_factor(pass.dropout, a, head, t, s);
}

/// One thread an element of y.
template <class T>
__global__ void weighted_values_kernel(const float* weights, AttentionForward<T> pass) {
  const AttentionShape& a = pass.shape;
  const int64_t index = thread_index(), i = index % a.head_width, row = index / a.head_width;
  if (row >= a.batch * a.heads * a.queries()) return;
  const HeadRows head(a, row / a.queries());
  const int64_t query = row % a.queries();
  const T* value = pass.qkv + head.value + i;
  float sum = 0;
  for (int64_t s = 0; s <= a.first_query + query; ++s)
    sum += weights[row * a.positions + s] * to_float(value[s * head.qkv_row]);
  pass.y[head.out + query * a.width() + i] = from_float<T>(sum);
}
// [/plain_forward]

// [plain_backward]
/// One thread a score: its weight m · p again, from lse, and its gradient p · (m · dy_t · v_s - dy_t · y_t).
template <class T>
__global__ void score_gradients_kernel(float* weights, float* gradients, AttentionBackward<T> pass) {
  const AttentionShape& a = pass.shape;
  const int64_t index = thread_index(), row = index / a.positions, s = index % a.positions;
  if (row >= a.batch * a.heads * a.positions) return;
  const int64_t t = row % a.positions;
  if (s > t) return;
  const HeadRows head(a, row / a.positions);
  const int64_t D = a.head_width;
  const T *q = pass.qkv + head.query + t * head.qkv_row, *k = pass.qkv + head.key + s * head.qkv_row;
  const T *v = pass.qkv + head.value + s * head.qkv_row, *dy = pass.dy + head.out + t * a.width();
  const float p = expf(scale_of(a) * dot(q, k, D) - pass.lse[row]);
  const float m = attention_factor(pass.dropout, a, head, t, s);
  const float dy_y = dot(dy, pass.y + head.out + t * a.width(), D);
  weights[index] = m * p;
  gradients[index] = p * (m * dot(dy, v, D) - dy_y);
}

/// One thread an element of dq: a sum over the keys it has seen.
template <class T>
__global__ void query_gradients_kernel(const float* gradients, AttentionBackward<T> pass) {
  const AttentionShape& a = pass.shape;
  const int64_t index = thread_index(), i = index % a.head_width, row = index / a.head_width;
  if (row >= a.batch * a.heads * a.positions) return;
  const HeadRows head(a, row / a.positions);
  const int64_t t = row % a.positions;
  const T* key = pass.qkv + head.key + i;
  float sum = 0;
  for (int64_t s = 0; s <= t; ++s) sum += gradients[row * a.positions + s] * to_float(key[s * head.qkv_row]);
  pass.d_qkv[head.gradient(a) + t * head.qkv_row + i] = from_float<T>(scale_of(a) * sum);
}

/// One thread an element of dk and the same of dv: sums over the queries that have seen the key.
template <class T>
__global__ void key_gradients_kernel(const float* weights, const float* gradients,
                                     AttentionBackward<T> pass) {
  const AttentionShape& a = pass.shape;
  const int64_t index = thread_index(), i = index % a.head_width, row = index / a.head_width;
  if (row >= a.batch * a.heads * a.positions) return;
  const HeadRows head(a, row / a.positions);
  const int64_t s = row % a.positions, first_row = row - s;
  const T *query = pass.qkv + head.query + i, *dy = pass.dy + head.out + i;
  float d_key = 0, d_value = 0;
  for (int64_t t = s; t < a.positions; ++t) {
    const int64_t score = (first_row + t) * a.positions + s;
    d_key += gradients[score] * to_float(query[t * head.qkv_row]);
    d_value += weights[score] * to_float(dy[t * a.width()]);
  }
  T* out = pass.d_qkv + head.gradient(a) + s * head.qkv_row + i;
  out[a.width()] = from_float<T>(scale_of(a) * d_key);
  out[2 * a.width()] = from_float<T>(d_value);
}
// [/plain_backward]

}  // namespace

template <class T>
void plain_forward(const AttentionForward<T>& pass, float* scores, Stream stream) {
  const AttentionShape& a = pass.shape;
  const int64_t rows = a.batch * a.heads * a.queries();
  const auto config = [&](int64_t n) {
    return simt::LaunchConfig{blocks_for(n, threads), threads, 0, native(stream)};
  };
  simt::launch<scores_kernel<T>>(config(rows * a.positions), scores, pass);
  simt::launch<weights_kernel<T>>(config(rows * 32), scores, pass);
  simt::launch<weighted_values_kernel<T>>(config(rows * a.head_width), scores, pass);
}

template <class T>
void plain_backward(const AttentionBackward<T>& pass, float* weights, Stream stream) {
  const AttentionShape& a = pass.shape;
  const int64_t rows = a.batch * a.heads * a.positions;
  float* gradients = weights + rows * a.positions;
  const auto config = [&](int64_t n) {
    return simt::LaunchConfig{blocks_for(n, threads), threads, 0, native(stream)};
  };
  simt::launch<score_gradients_kernel<T>>(config(rows * a.positions), weights, gradients, pass);
  simt::launch<query_gradients_kernel<T>>(config(rows * a.head_width), gradients, pass);
  simt::launch<key_gradients_kernel<T>>(config(rows * a.head_width), weights, gradients, pass);
}

template void plain_forward(const AttentionForward<float>&, float*, Stream);
template void plain_forward(const AttentionForward<simt::bf16>&, float*, Stream);
template void plain_backward(const AttentionBackward<float>&, float*, Stream);
template void plain_backward(const AttentionBackward<simt::bf16>&, float*, Stream);

}  // namespace gpt::KERNEL_SPACE
