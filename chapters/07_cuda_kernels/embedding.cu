#include "07_cuda_kernels/embedding.hpp"

#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 128;
constexpr int chunk = 32;  // positions of the sorted order that one thread adds up

template <class T>
__global__ void forward_kernel(T* x, const int32_t* tokens, const T* token_table, const T* position_table,
                               int64_t n, int64_t positions, int64_t width) {
  const int64_t i = thread_index(), row = i / width, c = i % width;
  if (row >= n) return;
  x[i] = from_float<T>(to_float(token_table[tokens[row] * width + c]) +
                       to_float(position_table[row % positions * width + c]));
}

/// The width is a multiple of a pack.
template <class T>
__global__ void forward_packs_kernel(T* x, const int32_t* tokens, const T* token_table,
                                     const T* position_table, int64_t n, int64_t positions, int64_t width) {
  const int64_t i = thread_index() * pack<T>, row = i / width, c = i % width;
  if (row >= n) return;
  float token[pack<T>], position[pack<T>];
  load_pack(token_table + tokens[row] * width + c, token);
  load_pack(position_table + row % positions * width + c, position);
  for (int k = 0; k < pack<T>; ++k) token[k] += position[k];
  store_pack(x + i, token);
}

// [atomics]
template <class T>
__global__ void backward_atomics_kernel(float* d_token_table, const T* dx, const int32_t* tokens, int64_t n,
                                        int64_t width) {
  const int64_t i = thread_index(), row = i / width;
  if (row < n) atomicAdd(d_token_table + tokens[row] * width + i % width, to_float(dx[i]));
}
// [/atomics]

/// One thread for each element of the table looks through all tokens for its own.
template <class T>
__global__ void backward_search_kernel(float* d_token_table, const T* dx, const int32_t* tokens, int64_t n,
                                       int64_t width, int64_t vocabulary) {
  const int64_t i = thread_index(), token = i / width;
  if (token >= vocabulary) return;
  float sum = 0;
  for (int64_t row = 0; row < n; ++row)
    if (tokens[row] == token) sum += to_float(dx[row * width + i % width]);
  d_token_table[i] += sum;
}

// [rank]
/// sorted[k] = the row with the k-th smallest token, of equal ones the first row first: a row's place is the
/// number of rows that come before it.
__global__ void sort_kernel(int32_t* sorted, const int32_t* tokens, int64_t n) {
  __shared__ int32_t tile[threads];
  const int64_t row = thread_index();
  const int32_t mine = row < n ? tokens[row] : 0;
  int64_t place = 0;
  for (int64_t begin = 0; begin < n; begin += threads) {
    tile[threadIdx.x] = begin + threadIdx.x < n ? tokens[begin + threadIdx.x] : 0x7fffffff;
    __syncthreads();
    for (int k = 0; k < threads; ++k) place += tile[k] < mine || (tile[k] == mine && begin + k < row) ? 1 : 0;
    __syncthreads();
  }
  if (row < n) sorted[place] = static_cast<int32_t>(row);
}
// [/rank]

/// Loads or stores `count` neighbours, 1 or 4.
template <int count, class T>
__device__ void load_some(const T* p, float (&x)[count]) {
  if constexpr (count == 1) {
    x[0] = to_float(*p);
  } else {
    load_pack(p, x);
  }
}
template <int count>
__device__ void store_some(float* p, const float (&x)[count]) {
  if constexpr (count == 1) {
    *p = x[0];
  } else {
    store_pack(p, x);
  }
}

// [runs]
/// A thread has `count` columns of one chunk of the sorted rows. Runs of one token that lie inside are
/// complete; the sums of those that come from the chunk before (`first`) or go on in the next (`last`) are
/// left for join_kernel. first, last: (chunks, width).
template <int count, class T>
__global__ void runs_kernel(float* d_token_table, float* first, float* last, const T* dx,
                            const int32_t* tokens, const int32_t* sorted, int64_t n, int64_t width) {
  __shared__ int32_t rows[chunk + 2], ids[chunk + 2];  // with the neighbours on both sides
  const int64_t begin = static_cast<int64_t>(blockIdx.y) * chunk;
  const int size = static_cast<int>(n - begin < chunk ? n - begin : chunk);
  for (int k = threadIdx.x; k < size + 2; k += threads) {
    const int64_t at = begin + k - 1;
    rows[k] = at >= 0 && at < n ? sorted[at] : -1;
    ids[k] = rows[k] >= 0 ? tokens[rows[k]] : -1;
  }
  __syncthreads();
  const int64_t c = thread_index() * count;
  if (c >= width) return;
  bool continued = ids[0] == ids[1];
  float sum[count] = {};
  for (int k = 1; k <= size; ++k) {
    float x[count];
    load_some(dx + rows[k] * width + c, x);
    for (int i = 0; i < count; ++i) sum[i] += x[i];
    const bool goes_on = ids[k + 1] == ids[k];
    if (goes_on && k < size) continue;
    float* to = d_token_table + ids[k] * width + c;
    if (continued || goes_on) {
      to = (continued ? first : last) + blockIdx.y * width + c;
    } else {
      load_some(to, x);
      for (int i = 0; i < count; ++i) sum[i] += x[i];
    }
    store_some(to, sum);
    continued = false;
    for (float& of_column : sum) of_column = 0;
  }
}
// [/runs]

/// Completes the run that begins in a chunk and goes on in the next.
__global__ void join_kernel(float* d_token_table, const float* first, const float* last,
                            const int32_t* tokens, const int32_t* sorted, int64_t n, int64_t width) {
  const int64_t c = thread_index(), begin = static_cast<int64_t>(blockIdx.y) * chunk;
  if (c >= width || begin + chunk >= n) return;
  const int32_t token = tokens[sorted[begin + chunk - 1]];
  if (tokens[sorted[begin + chunk]] != token) return;
  if (begin > 0 && tokens[sorted[begin - 1]] == token) return;  // it began before this chunk
  float sum = last[blockIdx.y * width + c];
  for (int64_t at = begin + chunk; at < n && tokens[sorted[at]] == token; at += chunk)
    sum += first[at / chunk * width + c];
  d_token_table[token * width + c] += sum;
}
template <class T>
__global__ void backward_positions_kernel(float* d_position_table, const T* dx, int64_t batch,
                                          int64_t positions, int64_t width) {
  const int64_t i = thread_index();
  if (i >= positions * width) return;
  float sum = 0;
  for (int64_t b = 0; b < batch; ++b) sum += to_float(dx[b * positions * width + i]);
  d_position_table[i] += sum;
}

}  // namespace

void embedding_forward(DType type, void* x, const int32_t* tokens, const void* token_table,
                       const void* position_table, int64_t first_position, int64_t batch, int64_t positions,
                       int64_t width, int rung, Stream stream) {
  const int64_t n = batch * positions;
  if (n == 0) return;
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = static_cast<T*>(x);
    const T* table = static_cast<const T*>(token_table);
    const T* places = static_cast<const T*>(position_table) + first_position * width;
    if (rung >= 1 && width % pack<T> == 0 && aligned(x, token_table, position_table)) {
      simt::launch<forward_packs_kernel<T>>(
          {blocks_for(n * width / pack<T>, threads), threads, 0, native(stream)}, out, tokens, table, places,
          n, positions, width);
    } else {
      simt::launch<forward_kernel<T>>({blocks_for(n * width, threads), threads, 0, native(stream)}, out,
                                      tokens, table, places, n, positions, width);
    }
  });
}

void embedding_backward(DType type, float* d_token_table, float* d_position_table, const void* dx,
                        const int32_t* tokens, int64_t batch, int64_t positions, int64_t width,
                        int64_t vocabulary, void* scratch, int rung, Stream stream) {
  const int64_t n = batch * positions;
  if (n == 0) return;
  const cudaStream_t on = native(stream);
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    const T* gradient = static_cast<const T*>(dx);
    simt::launch<backward_positions_kernel<T>>({blocks_for(positions * width, threads), threads, 0, on},
                                               d_position_table, gradient, batch, positions, width);
    if (rung == 0)
      simt::launch<backward_atomics_kernel<T>>({blocks_for(n * width, threads), threads, 0, on},
                                               d_token_table, gradient, tokens, n, width);
    if (rung == 1)
      simt::launch<backward_search_kernel<T>>({blocks_for(vocabulary * width, threads), threads, 0, on},
                                              d_token_table, gradient, tokens, n, width, vocabulary);
    if (rung < 2) return;
    const unsigned chunks = blocks_for(n, chunk);
    float *first = static_cast<float*>(scratch), *last = first + chunks * width;
    int32_t* sorted = reinterpret_cast<int32_t*>(last + chunks * width);
    const int32_t* order = sorted;
    const bool packs = width % 4 == 0 && aligned(dx, d_token_table, scratch);
    const auto columns = [&](int count) {
      return simt::LaunchConfig{dim3(blocks_for(width, threads * count), chunks), threads, 0, on};
    };
    simt::launch<sort_kernel>({blocks_for(n, threads), threads, 0, on}, sorted, tokens, n);
    if (packs) {
      simt::launch<runs_kernel<4, T>>(columns(4), d_token_table, first, last, gradient, tokens, order, n,
                                      width);
    } else {
      simt::launch<runs_kernel<1, T>>(columns(1), d_token_table, first, last, gradient, tokens, order, n,
                                      width);
    }
    simt::launch<join_kernel>(columns(1), d_token_table, static_cast<const float*>(first),
                              static_cast<const float*>(last), tokens, order, n, width);
  });
}

size_t embedding_backward_scratch_bytes(int64_t batch, int64_t positions, int64_t width) {
  const int64_t n = batch * positions;
  return sizeof(float) * (2 * static_cast<size_t>(blocks_for(n, chunk)) * static_cast<size_t>(width) +
                          static_cast<size_t>(n));
}

}  // namespace gpt::KERNEL_SPACE
