#include "05_gpt/cpu_backend.hpp"

#include <algorithm>

#include "01_tensors/matmul.hpp"
#include "05_gpt/cpu_amx.hpp"
#include "05_gpt/cpu_product.hpp"
#include "05_gpt/cpu_vector.hpp"
#include "05_gpt/cpu_weight_gradient.hpp"

namespace gpt {

using cpu::load;
using cpu::store;

CpuBackend::CpuBackend(DType compute_type, bool tiles)
    : compute_type_(compute_type), tiles_(tiles && compute_type == DType::bf16 && cpu::tiles_available()) {
  GPT_CHECK(compute_type == DType::f32 || compute_type == DType::bf16,
            "the cpu backend computes in f32 or bf16, not {}", compute_type);
}

std::unique_ptr<Backend> make_cpu_backend(DType compute_type) {
  return std::make_unique<CpuBackend>(compute_type);
}

void cpu::add_partial_rows(const Tensor& total, const Tensor& partial) {
  const int64_t C = total.elements();
  float* sum = total.data<float>();
  for (int64_t block = 0; block < partial.size(0); ++block) {
    const float* row = partial.data<float>() + block * C;
    for (int64_t c = 0; c < C; ++c) sum[c] += row[c];
  }
}

void CpuBackend::embedding_forward(const Tensor& x, const Tensor& tokens, const Tensor& token_table,
                                   const Tensor& position_table, int64_t first_position) {
  const int64_t N = tokens.elements(), T = tokens.size(-1), C = token_table.size(1), V = token_table.size(0);
  const int32_t* ids = tokens.data<int32_t>();
  GPT_CHECK(std::all_of(ids, ids + N, [V](int32_t id) { return 0 <= id && id < V; }),
            "a token outside 0 … {}", V - 1);
  cpu::dispatch_activation(x, [&](auto zero) {
    using A = decltype(zero);
    const A *word = token_table.data<A>(), *position = position_table.data<A>() + first_position * C;
    A* out = x.data<A>();
#pragma omp parallel for schedule(static)
    for (int64_t n = 0; n < N; ++n) {
      const A *w = word + ids[n] * C, *p = position + n % T * C;
      for (int64_t c = 0; c < C; ++c) store(out[n * C + c], load(w[c]) + load(p[c]));
    }
  });
}

void CpuBackend::embedding_backward(const Tensor& d_token_table, const Tensor& d_position_table,
                                    const Tensor& dx, const Tensor& tokens) {
  const int64_t N = tokens.elements(), T = tokens.size(-1), C = d_token_table.size(1);
  const int32_t* ids = tokens.data<int32_t>();
  float *d_word = d_token_table.data<float>(), *d_position = d_position_table.data<float>();
  cpu::dispatch_activation(dx, [&](auto zero) {
    const auto* d = dx.data<decltype(zero)>();
    // Two positions may hold the same token, so the threads share out the columns, not the rows.
    constexpr int64_t columns = 32;
#pragma omp parallel for schedule(static)
    for (int64_t from = 0; from < C; from += columns) {
      const int64_t to = std::min(from + columns, C);
      for (int64_t n = 0; n < N; ++n)
        for (int64_t c = from; c < to; ++c) {
          const float g = load(d[n * C + c]);
          d_word[ids[n] * C + c] += g;
          d_position[n % T * C + c] += g;
        }
    }
  });
}

// [linear]
void CpuBackend::linear_forward(const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                                const Tensor& residual) {
  if (tiles_ && cpu::product_fits_tiles(x, weight, bias))
    return cpu::product_in_tiles(y, x, weight, true, bias, residual);
  product(x, weight.transpose(0, 1), y,
          {.bias = bias.defined() ? &bias : nullptr, .residual = residual.defined() ? &residual : nullptr});
}

void CpuBackend::linear_backward_input(const Tensor& dx, bool add, const Tensor& dy, const Tensor& weight) {
  if (tiles_ && cpu::product_fits_tiles(dy, weight, {}))
    return cpu::product_in_tiles(dx, dy, weight, false, {}, add ? dx : Tensor());
  product(dy, weight, dx, {.accumulate = add});
}

void CpuBackend::linear_backward_weight(const Tensor& d_weight, const Tensor& d_bias, const Tensor& dy,
                                        const Tensor& x) {
  if (tiles_ && dy.dtype() == DType::bf16 && x.dtype() == DType::bf16)
    return cpu::weight_gradient_in_tiles(d_weight, d_bias, dy, x);
  product(dy.transpose(0, 1), x, d_weight, {.accumulate = true});
  if (!d_bias.defined()) return;
  const int64_t N = dy.size(0), O = dy.size(1);
  const Tensor partial = Tensor::zeros({cpu::sum_blocks, O});
  cpu::dispatch_activation(dy, [&](auto zero) {
    const auto* d = dy.data<decltype(zero)>();
    cpu::for_each_block(N, [&](int64_t block, int64_t from, int64_t to) {
      float* sum = partial.data<float>() + block * O;
      for (int64_t n = from; n < to; ++n)
        for (int64_t o = 0; o < O; ++o) sum[o] += load(d[n * O + o]);
    });
  });
  cpu::add_partial_rows(d_bias, partial);
}
// [/linear]

}  // namespace gpt
