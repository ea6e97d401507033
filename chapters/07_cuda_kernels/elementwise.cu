#include "07_cuda_kernels/elementwise.hpp"

#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 256;
constexpr float gelu_slope = 0.79788456f;  // √(2/π)
constexpr float gelu_cubic = 0.044715f;

// [gelu]
struct Gelu {
  __device__ float operator()(float x) const {
    return 0.5f * x * (1.0f + tanhf(gelu_slope * (x + gelu_cubic * x * x * x)));
  }
};

/// The same: (1 + tanh u) / 2 = 1 / (1 + exp(-2u)).
struct GeluByExp {
  __device__ float operator()(float x) const {
    return x / (1.0f + __expf(-2.0f * gelu_slope * (x + gelu_cubic * x * x * x)));
  }
};
// [/gelu]

struct GeluSlope {
  __device__ float operator()(float dy, float x) const {
    const float t = tanhf(gelu_slope * (x + gelu_cubic * x * x * x));
    return dy *
           (0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * gelu_slope * (1.0f + 3.0f * gelu_cubic * x * x));
  }
};

/// With s = (1 + tanh u) / 2: gelu' = s + x · 2 s (1 - s) · u'.
struct GeluSlopeByExp {
  __device__ float operator()(float dy, float x) const {
    const float s = 1.0f / (1.0f + __expf(-2.0f * gelu_slope * (x + gelu_cubic * x * x * x)));
    return dy * s * (1.0f + 2.0f * x * (1.0f - s) * gelu_slope * (1.0f + 3.0f * gelu_cubic * x * x));
  }
};

struct Plus {
  __device__ float operator()(float a, float b) const { return a + b; }
};
struct Same {
  __device__ float operator()(float a) const { return a; }
};

// [map]
template <class F, class To, class From>
__global__ void map_kernel(To* out, const From* in, int64_t n) {
  const int64_t i = thread_index();
  if (i < n) out[i] = from_float<To>(F{}(to_float(in[i])));
}
// [/map]

// [map_packs]
/// `width` neighbours a thread; the last, incomplete pack one by one. Needs aligned pointers.
template <class F, int width, class To, class From>
__global__ void map_packs_kernel(To* out, const From* in, int64_t n) {
  const int64_t first = thread_index() * width;
  if (first + width <= n) {
    float x[width];
    load_pack(in + first, x);
    for (int i = 0; i < width; ++i) x[i] = F{}(x[i]);
    store_pack(out + first, x);
  } else {
    for (int64_t i = first; i < n; ++i) out[i] = from_float<To>(F{}(to_float(in[i])));
  }
}
// [/map_packs]

template <class F, class T>
__global__ void map_two_kernel(T* out, const T* a, const T* b, int64_t n) {
  const int64_t i = thread_index();
  if (i < n) out[i] = from_float<T>(F{}(to_float(a[i]), to_float(b[i])));
}

template <class F, class T>
__global__ void map_two_packs_kernel(T* out, const T* a, const T* b, int64_t n) {
  constexpr int width = pack<T>;
  const int64_t first = thread_index() * width;
  if (first + width <= n) {
    float x[width], y[width];
    load_pack(a + first, x);
    load_pack(b + first, y);
    for (int i = 0; i < width; ++i) x[i] = F{}(x[i], y[i]);
    store_pack(out + first, x);
  } else {
    for (int64_t i = first; i < n; ++i) out[i] = from_float<T>(F{}(to_float(a[i]), to_float(b[i])));
  }
}

template <class T>
__global__ void fill_kernel(T* x, float value, int64_t n) {
  const int64_t i = thread_index();
  if (i < n) x[i] = from_float<T>(value);
}

template <class T>
__global__ void fill_packs_kernel(T* x, float value, int64_t n) {
  constexpr int width = pack<T>;
  const int64_t first = thread_index() * width;
  float values[width];
  for (float& v : values) v = value;
  if (first + width <= n) {
    store_pack(x + first, values);
  } else {
    for (int64_t i = first; i < n; ++i) x[i] = from_float<T>(value);
  }
}

// [launch_map]
template <class F, class To, class From>
void launch_map(To* out, const From* in, int64_t n, bool packs, Stream stream) {
  if (n == 0) return;
  constexpr int width = pack<To> < pack<From> ? pack<To> : pack<From>;  // 4, or 8 if both are bf16
  if (packs && aligned(out, in)) {
    simt::launch<map_packs_kernel<F, width, To, From>>(
        {blocks_for(n, threads * width), threads, 0, native(stream)}, out, in, n);
  } else {
    simt::launch<map_kernel<F, To, From>>({blocks_for(n, threads), threads, 0, native(stream)}, out, in, n);
  }
}
// [/launch_map]

template <class F, class T>
void launch_map_two(T* out, const T* a, const T* b, int64_t n, bool packs, Stream stream) {
  if (n == 0) return;
  if (packs && aligned(out, a, b)) {
    simt::launch<map_two_packs_kernel<F, T>>({blocks_for(n, threads * pack<T>), threads, 0, native(stream)},
                                             out, a, b, n);
  } else {
    simt::launch<map_two_kernel<F, T>>({blocks_for(n, threads), threads, 0, native(stream)}, out, a, b, n);
  }
}

}  // namespace

void gelu_forward(DType type, void* y, const void* x, int64_t n, int rung, Stream stream) {
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = static_cast<T*>(y);
    const T* in = static_cast<const T*>(x);
    if (rung < 2) launch_map<Gelu>(out, in, n, rung == 1, stream);
    if (rung >= 2) launch_map<GeluByExp>(out, in, n, true, stream);
  });
}

void gelu_backward(DType type, void* dx, const void* dy, const void* x, int64_t n, int rung, Stream stream) {
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = static_cast<T*>(dx);
    const T *gradient = static_cast<const T*>(dy), *in = static_cast<const T*>(x);
    if (rung < 2) launch_map_two<GeluSlope>(out, gradient, in, n, rung == 1, stream);
    if (rung >= 2) launch_map_two<GeluSlopeByExp>(out, gradient, in, n, true, stream);
  });
}

void add(DType type, void* a, const void* b, int64_t n, int rung, Stream stream) {
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    launch_map_two<Plus>(static_cast<T*>(a), static_cast<const T*>(a), static_cast<const T*>(b), n, rung >= 1,
                         stream);
  });
}

void fill(DType type, void* x, double value, int64_t n, int rung, Stream stream) {
  if (n == 0) return;
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = static_cast<T*>(x);
    const float as_float = static_cast<float>(value);
    if (rung >= 1 && aligned(x)) {
      simt::launch<fill_packs_kernel<T>>({blocks_for(n, threads * pack<T>), threads, 0, native(stream)}, out,
                                         as_float, n);
    } else {
      simt::launch<fill_kernel<T>>({blocks_for(n, threads), threads, 0, native(stream)}, out, as_float, n);
    }
  });
}

void cast(DType to_type, void* to, DType from_type, const void* from, int64_t n, int rung, Stream stream) {
  for_type(to_type, [&](auto to_zero) {
    using To = decltype(to_zero);
    for_type(from_type, [&](auto from_zero) {
      using From = decltype(from_zero);
      launch_map<Same>(static_cast<To*>(to), static_cast<const From*>(from), n, rung >= 1, stream);
    });
  });
}

}  // namespace gpt::KERNEL_SPACE
