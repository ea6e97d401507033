#pragma once
// The backend for GPUs, and for the SIMT machine. Each operation checks what it is given and starts one or
// two kernels of chapter 07, or a matrix product, in the one stream of the device; nothing waits.

#include "07_cuda_kernels/seam.hpp"
#include "08_gpu_training/gpu_backend.hpp"
#include "08_gpu_training/input_buffers.hpp"
#include "08_gpu_training/order_graph.hpp"
#include "08_gpu_training/products.hpp"

namespace gpt::KERNEL_SPACE {

class GpuBackend final : public Backend {
 public:
  explicit GpuBackend(const GpuOptions& options);

  std::string_view name() const override { return name_of(memory_->device()); }
  std::shared_ptr<Allocator> allocator() const override { return allocator_; }
  DType compute_type() const override { return compute_type_; }
  int64_t logits_stride(int64_t vocabulary) const override { return products_.output_stride(vocabulary); }
  Tensor upload(const Tensor& tensor) override;

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
  void sum_to(const Tensor& result, const Tensor& x, double factor) override;
  double sum_of_squares(const Tensor& x) override;
  void fill(const Tensor& x, double value) override;
  void cast(const Tensor& to, const Tensor& from) override;
  void add(const Tensor& a, const Tensor& b) override;
  void adamw(const Tensor& value, const Tensor& gradient, const Tensor& m, const Tensor& v,
             const Tensor& compute_copy, const AdamWStep& step) override;

  void synchronize() override { memory_->synchronize(); }
  std::unique_ptr<OrderList> capture(const std::function<void()>& orders) override {
    return std::make_unique<OrderGraph>(memory_, allocator_, orders);
  }

 private:
  /// Memory for a kernel to work in. It may go out of scope as soon as the kernel is asked for: whoever gets
  /// these bytes next uses them later.
  Tensor scratch(size_t bytes) const;
  /// What a kernel needs to know of a tensor: that it lies on the device, densely; null when undefined.
  void* dense(const Tensor& tensor) const;
  /// The same for a matrix whose rows are dense, but may lie apart: logits, and their gradient.
  void* rows(const Tensor& matrix) const;
  void* here(const Tensor& tensor) const;
  float* floats(const Tensor& tensor) const;
  const int32_t* ids(const Tensor& tensor) const;

  DType compute_type_;
  std::shared_ptr<DeviceMemory> memory_;
  std::shared_ptr<CachingAllocator> allocator_;
  InputBuffers inputs_;
  Products products_;
  Stream stream_;
  Tensor result_;  // where sums arrive, f64
};

}  // namespace gpt::KERNEL_SPACE
