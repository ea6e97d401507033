#include <cmath>

#include "05_gpt/cpu_backend.hpp"
#include "05_gpt/cpu_vector.hpp"

namespace gpt {

using cpu::load;
using cpu::store;

// [layernorm]
void CpuBackend::layernorm_forward(const Tensor& y, const Tensor& mean, const Tensor& rstd, const Tensor& x,
                                   const Tensor& weight, const Tensor& bias) {
  const int64_t N = x.size(0), C = x.size(1);
  const float *w = weight.data<float>(), *b = bias.data<float>();
  cpu::dispatch_activation(x, [&](auto zero) {
    using A = decltype(zero);
    const A* in = x.data<A>();
    A* out = y.data<A>();
#pragma omp parallel for schedule(static)
    for (int64_t n = 0; n < N; ++n) {
      const A* row = in + n * C;
      float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t c = 0; c < C; ++c) sum += load(row[c]);
      const float m = sum / static_cast<float>(C);
#pragma omp simd reduction(+ : squares)
      for (int64_t c = 0; c < C; ++c) squares += (load(row[c]) - m) * (load(row[c]) - m);
      const float r = 1.0f / std::sqrt(squares / static_cast<float>(C) + 1e-5f);
      mean.data<float>()[n] = m;
      rstd.data<float>()[n] = r;
      A* to = out + n * C;
#pragma omp simd
      for (int64_t c = 0; c < C; ++c) store(to[c], (load(row[c]) - m) * r * w[c] + b[c]);
    }
  });
}
// [/layernorm]

void CpuBackend::layernorm_backward(const Tensor& dx, bool add, const Tensor& d_weight, const Tensor& d_bias,
                                    const Tensor& dy, const Tensor& x, const Tensor& weight,
                                    const Tensor& mean, const Tensor& rstd) {
  const int64_t N = x.size(0), C = x.size(1);
  const float* w = weight.data<float>();
  const Tensor partial_weight = Tensor::zeros({cpu::sum_blocks, C}),
               partial_bias = Tensor::zeros({cpu::sum_blocks, C});
  cpu::dispatch_activation(x, [&](auto zero) {
    using A = decltype(zero);
    cpu::for_each_block(N, [&](int64_t block, int64_t from, int64_t to) {
      float* dw = partial_weight.data<float>() + block * C;
      float* db = partial_bias.data<float>() + block * C;
      for (int64_t n = from; n < to; ++n) {
        const A *row = x.data<A>() + n * C, *d = dy.data<A>() + n * C;
        A* out = dx.data<A>() + n * C;
        const float m = mean.data<float>()[n], r = rstd.data<float>()[n];
        // With x̂ = (x - mean)·rstd and g = dy·weight: dx = rstd·(g - mean(g) - x̂·mean(g·x̂)).
        float sum_g = 0, sum_gx = 0;
#pragma omp simd reduction(+ : sum_g, sum_gx)
        for (int64_t c = 0; c < C; ++c) {
          const float normal = (load(row[c]) - m) * r, g = load(d[c]) * w[c];
          sum_g += g;
          sum_gx += g * normal;
          dw[c] += load(d[c]) * normal;
          db[c] += load(d[c]);
        }
        const float mean_g = sum_g / static_cast<float>(C), mean_gx = sum_gx / static_cast<float>(C);
        const auto write = [&](auto&& before) {
#pragma omp simd
          for (int64_t c = 0; c < C; ++c) {
            const float normal = (load(row[c]) - m) * r, g = load(d[c]) * w[c];
            store(out[c], before(c) + r * (g - mean_g - normal * mean_gx));
          }
        };
        if (add)
          write([&](int64_t c) { return load(out[c]); });
        else
          write([](int64_t) { return 0.0f; });
      }
    });
  });
  cpu::add_partial_rows(d_weight, partial_weight);
  cpu::add_partial_rows(d_bias, partial_bias);
}

}  // namespace gpt
