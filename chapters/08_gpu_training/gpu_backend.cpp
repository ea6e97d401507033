#include "07_cuda_kernels/adamw.hpp"
#include "07_cuda_kernels/attention.hpp"
#include "07_cuda_kernels/cross_entropy.hpp"
#include "07_cuda_kernels/dropout.hpp"
#include "07_cuda_kernels/elementwise.hpp"
#include "07_cuda_kernels/embedding.hpp"
#include "07_cuda_kernels/layernorm.hpp"
#include "07_cuda_kernels/reductions.hpp"
#include "08_gpu_training/gpu_backend_class.hpp"
#include "common/check.hpp"

namespace gpt::KERNEL_SPACE {

GpuBackend::GpuBackend(const GpuOptions& options)
    : compute_type_(options.compute_type),
      memory_(std::make_shared<DeviceMemory>(options.device)),
      allocator_(std::make_shared<CachingAllocator>(memory_)),
      inputs_(allocator_, memory_->stream()),
      products_(allocator_, *memory_, options.tf32 && options.compute_type == DType::f32),
      stream_(reinterpret_cast<Stream>(memory_->stream())),
      result_({1}, DType::f64, allocator_) {
  GPT_CHECK(compute_type_ == DType::f32 || compute_type_ == DType::bf16,
            "a GPU computes in f32 or bf16 here, not {}", compute_type_);
}

Tensor GpuBackend::upload(const Tensor& tensor) {
  return tensor.device() == device() ? tensor : inputs_.upload(tensor);
}

Tensor GpuBackend::scratch(size_t bytes) const {
  return empty({static_cast<int64_t>(bytes + 3) / 4}, DType::f32);
}

void* GpuBackend::dense(const Tensor& tensor) const {
  if (!tensor.defined()) return nullptr;
  GPT_CHECK(tensor.is_contiguous(), "a view of shape {} given to a kernel", tensor.shape());
  return here(tensor);
}

void* GpuBackend::rows(const Tensor& matrix) const {
  GPT_CHECK(matrix.rank() == 2 && matrix.strides()[1] == 1 && matrix.strides()[0] >= matrix.size(1),
            "a view of shape {} with strides {} given to a kernel", matrix.shape(), matrix.strides());
  return here(matrix);
}

void* GpuBackend::here(const Tensor& tensor) const {
  GPT_CHECK(tensor.device() == device(), "a tensor in the memory of {} given to a kernel on {}",
            name_of(tensor.device()), name_of(device()));
  return tensor.address();
}

float* GpuBackend::floats(const Tensor& tensor) const {
  GPT_CHECK(!tensor.defined() || tensor.dtype() == DType::f32, "{} where f32 is due", tensor.dtype());
  return static_cast<float*>(dense(tensor));
}

const int32_t* GpuBackend::ids(const Tensor& tensor) const {
  GPT_CHECK(tensor.dtype() == DType::i32, "{} where tokens are due", tensor.dtype());
  return static_cast<const int32_t*>(dense(tensor));
}

// [embedding]
void GpuBackend::embedding_forward(const Tensor& x, const Tensor& tokens, const Tensor& token_table,
                                   const Tensor& position_table, int64_t first_position) {
  const int64_t B = tokens.size(0), T = tokens.size(1), C = token_table.size(1);
  GPT_CHECK_EQ(x.shape(), (Shape{B, T, C}));
  GPT_CHECK(first_position + T <= position_table.size(0), "{} positions from {} with a table of {}", T,
            first_position, position_table.size(0));
  KERNEL_SPACE::embedding_forward(x.dtype(), dense(x), ids(tokens), dense(token_table), dense(position_table),
                                  first_position, B, T, C, embedding_forward_rungs - 1, stream_);
}

void GpuBackend::embedding_backward(const Tensor& d_token_table, const Tensor& d_position_table,
                                    const Tensor& dx, const Tensor& tokens) {
  const int64_t B = tokens.size(0), T = tokens.size(1), C = dx.size(2), V = d_token_table.size(0);
  const Tensor room = scratch(embedding_backward_scratch_bytes(B, T, C));
  KERNEL_SPACE::embedding_backward(dx.dtype(), floats(d_token_table), floats(d_position_table), dense(dx),
                                   ids(tokens), B, T, C, V, dense(room), embedding_backward_rungs - 1,
                                   stream_);
}
// [/embedding]

void GpuBackend::layernorm_forward(const Tensor& y, const Tensor& mean, const Tensor& rstd, const Tensor& x,
                                   const Tensor& weight, const Tensor& bias) {
  KERNEL_SPACE::layernorm_forward(x.dtype(), dense(y), floats(mean), floats(rstd), dense(x), floats(weight),
                                  floats(bias), x.size(0), x.size(1), layernorm_forward_rungs - 1, stream_);
}

void GpuBackend::layernorm_backward(const Tensor& dx, bool add, const Tensor& d_weight, const Tensor& d_bias,
                                    const Tensor& dy, const Tensor& x, const Tensor& weight,
                                    const Tensor& mean, const Tensor& rstd) {
  const int64_t N = x.size(0), C = x.size(1);
  const Tensor room = scratch(layernorm_backward_scratch_bytes(N, C));
  KERNEL_SPACE::layernorm_backward(x.dtype(), dense(dx), add, floats(d_weight), floats(d_bias), dense(dy),
                                   dense(x), floats(weight), floats(mean), floats(rstd), N, C, dense(room),
                                   layernorm_backward_rungs - 1, stream_);
}

void GpuBackend::linear_forward(const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                                const Tensor& residual) {
  GPT_CHECK_EQ(y.shape(), (Shape{x.size(0), weight.size(0)}));
  GPT_CHECK_EQ(x.size(1), weight.size(1));
  rows(y);
  for (const Tensor& tensor : {x, weight, bias, residual}) dense(tensor);
  products_.forward(y, x, weight, bias, residual);
}

void GpuBackend::linear_backward_input(const Tensor& dx, bool add, const Tensor& dy, const Tensor& weight) {
  rows(dy);
  for (const Tensor& tensor : {dx, weight}) dense(tensor);
  products_.backward_input(dx, add, dy, weight);
}

void GpuBackend::linear_backward_weight(const Tensor& d_weight, const Tensor& d_bias, const Tensor& dy,
                                        const Tensor& x) {
  rows(dy);
  for (const Tensor& tensor : {d_weight, x}) dense(tensor);
  products_.backward_weight(d_weight, dy, x);
  if (!d_bias.defined()) return;
  const Tensor room = scratch(column_sums_scratch_bytes(dy.size(0), dy.size(1)));
  add_column_sums(floats(d_bias), dy.dtype(), dense(dy), dy.size(0), dy.size(1), dense(room), stream_);
}

namespace {

/// qkv: (B, T, 3C), whose samples may lie further apart than they are long.
AttentionShape attention_shape(const Tensor& qkv, int64_t heads, int64_t first_query) {
  GPT_CHECK(qkv.select(0, 0).is_contiguous(), "a view of shape {} given to a kernel", qkv.shape());
  return {.batch = qkv.size(0),
          .positions = qkv.size(1),
          .heads = heads,
          .head_width = qkv.size(2) / 3 / heads,
          .sample_stride = qkv.strides()[0],
          .first_query = first_query};
}

}  // namespace

void GpuBackend::attention_forward(const Tensor& y, const Tensor& lse, const Tensor& qkv, int64_t heads,
                                   int64_t first_query, const Dropout& dropout) {
  const AttentionShape shape = attention_shape(qkv, heads, first_query);
  const Tensor room = scratch(static_cast<size_t>(attention_forward_scratch_bytes(shape)));
  KERNEL_SPACE::attention_forward(qkv.dtype(), dense(y), floats(lse), qkv.address(), shape, dropout,
                                  dense(room), attention_rungs - 1, stream_);
}

void GpuBackend::attention_backward(const Tensor& d_qkv, const Tensor& dy, const Tensor& y, const Tensor& lse,
                                    const Tensor& qkv, int64_t heads, const Dropout& dropout) {
  const AttentionShape shape = attention_shape(qkv, heads, 0);
  const Tensor room = scratch(static_cast<size_t>(attention_backward_scratch_bytes(shape)));
  KERNEL_SPACE::attention_backward(qkv.dtype(), dense(d_qkv), dense(dy), dense(y), floats(lse), qkv.address(),
                                   shape, dropout, dense(room), attention_rungs - 1, stream_);
}

// [gelu]
void GpuBackend::gelu_forward(const Tensor& y, const Tensor& x) {
  KERNEL_SPACE::gelu_forward(x.dtype(), dense(y), dense(x), x.elements(), gelu_rungs - 1, stream_);
}
// [/gelu]

void GpuBackend::gelu_backward(const Tensor& dx, const Tensor& dy, const Tensor& x) {
  KERNEL_SPACE::gelu_backward(x.dtype(), dense(dx), dense(dy), dense(x), x.elements(), gelu_rungs - 1,
                              stream_);
}

void GpuBackend::dropout_forward(const Tensor& y, const Tensor& x, const Tensor& residual,
                                 const Dropout& dropout) {
  const int64_t samples = x.size(0);
  KERNEL_SPACE::dropout_forward(x.dtype(), dense(y), dense(x), dense(residual), samples,
                                x.elements() / samples, dropout, dropout_rungs - 1, stream_);
}

void GpuBackend::dropout_backward(const Tensor& dx, const Tensor& dy, const Dropout& dropout) {
  const int64_t samples = dy.size(0);
  KERNEL_SPACE::dropout_backward(dy.dtype(), dense(dx), dense(dy), samples, dy.elements() / samples, dropout,
                                 dropout_rungs - 1, stream_);
}

void GpuBackend::cross_entropy_forward(const Tensor& losses, const Tensor& lse, const Tensor& logits,
                                       const Tensor& targets) {
  KERNEL_SPACE::cross_entropy_forward(floats(losses), floats(lse), logits.dtype(), rows(logits), ids(targets),
                                      logits.size(0), logits.size(1), cross_entropy_forward_rungs - 1,
                                      stream_, logits.strides()[0]);
}

void GpuBackend::cross_entropy_backward(const Tensor& d_logits, const Tensor& logits, const Tensor& lse,
                                        const Tensor& targets, double scale) {
  GPT_CHECK(d_logits.strides()[0] == logits.strides()[0] || logits.size(0) == 1, "rows {} and {} apart",
            d_logits.strides()[0], logits.strides()[0]);
  KERNEL_SPACE::cross_entropy_backward(d_logits.dtype(), rows(d_logits), logits.dtype(), rows(logits),
                                       floats(lse), ids(targets), scale, logits.size(0), logits.size(1),
                                       cross_entropy_backward_rungs - 1, stream_, logits.strides()[0]);
}

// [sum]
double GpuBackend::sum(const Tensor& x) {
  const Tensor room = scratch(sum_scratch_bytes(x.elements()));
  KERNEL_SPACE::sum(static_cast<double*>(dense(result_)), x.dtype(), dense(x), x.elements(), dense(room),
                    sum_rungs - 1, stream_);
  return result_.item();  // waits
}
// [/sum]

void GpuBackend::sum_to(const Tensor& result, const Tensor& x, double factor) {
  const Tensor room = scratch(sum_scratch_bytes(x.elements()));
  KERNEL_SPACE::scaled_sum(floats(result), factor, x.dtype(), dense(x), x.elements(), dense(room), stream_);
}

double GpuBackend::sum_of_squares(const Tensor& x) {
  const Tensor room = scratch(sum_scratch_bytes(x.elements()));
  KERNEL_SPACE::sum_of_squares(static_cast<double*>(dense(result_)), x.dtype(), dense(x), x.elements(),
                               dense(room), sum_rungs - 1, stream_);
  return result_.item();
}

void GpuBackend::fill(const Tensor& x, double value) {
  KERNEL_SPACE::fill(x.dtype(), dense(x), value, x.elements(), fill_rungs - 1, stream_);
}

void GpuBackend::cast(const Tensor& to, const Tensor& from) {
  GPT_CHECK_EQ(to.shape(), from.shape());
  KERNEL_SPACE::cast(to.dtype(), dense(to), from.dtype(), dense(from), to.elements(), cast_rungs - 1,
                     stream_);
}

void GpuBackend::add(const Tensor& a, const Tensor& b) {
  GPT_CHECK(a.dtype() == b.dtype() && a.elements() == b.elements(), "{} {} += {} {}", a.dtype(), a.shape(),
            b.dtype(), b.shape());
  KERNEL_SPACE::add(a.dtype(), dense(a), dense(b), a.elements(), add_rungs - 1, stream_);
}

void GpuBackend::adamw(const Tensor& value, const Tensor& gradient, const Tensor& m, const Tensor& v,
                       const Tensor& compute_copy, const AdamWStep& step) {
  KERNEL_SPACE::adamw(floats(value), floats(gradient), floats(m), floats(v), dense(compute_copy),
                      value.elements(), step, adamw_rungs - 1, stream_);
}

}  // namespace gpt::KERNEL_SPACE
