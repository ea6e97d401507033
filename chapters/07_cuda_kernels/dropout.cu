#include "07_cuda_kernels/dropout.hpp"

#include "05_gpt/dropout.hpp"
#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 256;

// [one]
template <class T>
__global__ void dropout_kernel(T* y, const T* x, const T* residual, int64_t n, int64_t per_sample,
                               Dropout dropout) {
  const int64_t i = thread_index();
  if (i >= n) return;
  const float factor = dropout.active() ? dropout.factor(i / per_sample, i % per_sample) : 1.0f;
  y[i] = from_float<T>(factor * to_float(x[i]) + (residual ? to_float(residual[i]) : 0.0f));
}
// [/one]

// [four]
/// Four neighbours a thread, whose factors are the four words of one Philox. per_sample is a multiple of 4.
template <class T>
__global__ void dropout_packs_kernel(T* y, const T* x, const T* residual, int64_t n, int64_t per_sample,
                                     Dropout dropout) {
  const int64_t first = 4 * thread_index();
  if (first >= n) return;
  std::array<float, 4> factor{1, 1, 1, 1};
  if (dropout.active()) factor = dropout.factors(first / per_sample, first % per_sample / 4);
  float v[4], r[4] = {};
  load_pack(x + first, v);
  if (residual) load_pack(residual + first, r);
  for (int i = 0; i < 4; ++i) v[i] = factor[i] * v[i] + r[i];
  store_pack(y + first, v);
}
// [/four]

}  // namespace

void dropout_forward(DType type, void* y, const void* x, const void* residual, int64_t samples,
                     int64_t per_sample, const Dropout& dropout, int rung, Stream stream) {
  const int64_t n = samples * per_sample;
  if (n == 0) return;
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = static_cast<T*>(y);
    const T *in = static_cast<const T*>(x), *rest = static_cast<const T*>(residual);
    if (rung >= 1 && per_sample % 4 == 0 && aligned(y, x, residual)) {
      simt::launch<dropout_packs_kernel<T>>({blocks_for(n, threads * 4), threads, 0, native(stream)}, out, in,
                                            rest, n, per_sample, dropout);
    } else {
      simt::launch<dropout_kernel<T>>({blocks_for(n, threads), threads, 0, native(stream)}, out, in, rest, n,
                                      per_sample, dropout);
    }
  });
}

void dropout_backward(DType type, void* dx, const void* dy, int64_t samples, int64_t per_sample,
                      const Dropout& dropout, int rung, Stream stream) {
  dropout_forward(type, dx, dy, nullptr, samples, per_sample, dropout, rung, stream);
}

}  // namespace gpt::KERNEL_SPACE
