#pragma once
// The backend for processors. Its operations stand in several files, one idea each: cpu_backend.cpp (matrix
// products and embeddings), cpu_layernorm.cpp, cpu_attention.cpp, cpu_elementwise.cpp, cpu_loss.cpp and
// cpu_adamw.cpp.

#include "05_gpt/backend.hpp"

namespace gpt {

/// f32 or bf16 activations; sums in f32. Work is shared among OpenMP's threads by rows or by fixed blocks,
/// and partial sums are added in block order, so that, matrix products aside, results do not depend on the
/// number of threads.
class CpuBackend final : public Backend {
 public:
  /// tiles: use matrix tiles (AMX) for bf16 where program and processor have them; false computes as a
  /// processor without them does, for tests and comparisons.
  explicit CpuBackend(DType compute_type, bool tiles = true);

  std::string_view name() const override { return "cpu"; }
  DType compute_type() const override { return compute_type_; }

  void embedding_forward(const Tensor& x, const Tensor& tokens, const Tensor& token_table,
                         const Tensor& position_table, int64_t first_position) override;
  void embedding_backward(const Tensor& d_token_table, const Tensor& d_position_table, const Tensor& dx,
                          const Tensor& tokens) override;

  void layernorm_forward(const Tensor& y, const Tensor& mean, const Tensor& rstd, const Tensor& x,
                         const Tensor& weight, const Tensor& bias) override;
  void layernorm_backward(const Tensor& dx, bool add, const Tensor& d_weight, const Tensor& d_bias,
                          const Tensor& dy, const Tensor& x, const Tensor& weight, const Tensor& mean,
                          const Tensor& rstd) override;

  void linear_forward(const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual) override;
  void linear_backward_input(const Tensor& dx, bool add, const Tensor& dy, const Tensor& weight) override;
  void linear_backward_weight(const Tensor& d_weight, const Tensor& d_bias, const Tensor& dy,
                              const Tensor& x) override;

  void attention_forward(const Tensor& y, const Tensor& lse, const Tensor& qkv, int64_t heads,
                         int64_t first_query, const Dropout& dropout) override;
  void attention_backward(const Tensor& d_qkv, const Tensor& dy, const Tensor& y, const Tensor& lse,
                          const Tensor& qkv, int64_t heads, const Dropout& dropout) override;

  void gelu_forward(const Tensor& y, const Tensor& x) override;
  void gelu_backward(const Tensor& dx, const Tensor& dy, const Tensor& x) override;
  void dropout_forward(const Tensor& y, const Tensor& x, const Tensor& residual,
                       const Dropout& dropout) override;
  void dropout_backward(const Tensor& dx, const Tensor& dy, const Dropout& dropout) override;

  void cross_entropy_forward(const Tensor& losses, const Tensor& lse, const Tensor& logits,
                             const Tensor& targets) override;
  void cross_entropy_backward(const Tensor& d_logits, const Tensor& logits, const Tensor& lse,
                              const Tensor& targets, double scale) override;

  double sum(const Tensor& x) override;
  double sum_of_squares(const Tensor& x) override;
  void fill(const Tensor& x, double value) override;
  void cast(const Tensor& to, const Tensor& from) override;
  void add(const Tensor& a, const Tensor& b) override;
  void adamw(const Tensor& value, const Tensor& gradient, const Tensor& m, const Tensor& v,
             const Tensor& compute_copy, const AdamWStep& step) override;

 private:
  DType compute_type_;
  bool tiles_;
};

namespace cpu {

/// Calls f with a value of the C++ type of an activation: float or bf16.
template <class F>
void dispatch_activation(const Tensor& x, F&& f) {
  GPT_CHECK(x.dtype() == DType::f32 || x.dtype() == DType::bf16, "the cpu backend takes f32 or bf16, not {}",
            x.dtype());
  if (x.dtype() == DType::bf16)
    f(bf16{});
  else
    f(float{});
}

/// Adds the rows of partial (blocks, C) to `total` (C), in order.
void add_partial_rows(const Tensor& total, const Tensor& partial);

/// The number of blocks that sums over many rows are cut into: fixed, so that results do not depend on the
/// threads, and enough to keep some tens of threads busy.
inline constexpr int64_t sum_blocks = 64;

/// Calls f(block, from, to) for blocks of 0 … n, in parallel.
template <class F>
void for_each_block(int64_t n, F&& f) {
#pragma omp parallel for schedule(static)
  for (int64_t block = 0; block < sum_blocks; ++block)
    f(block, n * block / sum_blocks, n * (block + 1) / sum_blocks);
}

}  // namespace cpu
}  // namespace gpt
