#include "08_gpu_training/products.hpp"

#include "07_cuda_kernels/elementwise.hpp"
#include "07_cuda_kernels/linear.hpp"
#include "08_gpu_training/cublaslt.hpp"
#include "common/check.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

void* address_or_null(const Tensor& tensor) {
  return tensor.defined() ? tensor.address() : nullptr;
}

}  // namespace

#ifdef SIMT_USE_CUDA
class Products::Library : public CublasLt {
  using CublasLt::CublasLt;
};
#else
class Products::Library {};
#endif

Products::Products(std::shared_ptr<Allocator> allocator, DeviceMemory& memory, [[maybe_unused]] bool tf32)
    : allocator_(std::move(allocator)), memory_(memory) {
#ifdef SIMT_USE_CUDA
  library_ = std::make_unique<Library>(allocator_, memory_.stream(), tf32);
#endif
}

Products::~Products() = default;

int64_t Products::output_stride(int64_t outputs) const {
  return library_ ? (outputs + 63) / 64 * 64 : outputs;
}

// [forward]
// The library stores matrices column by column: what is (rows, columns) for us is (columns, rows) there, and
// y = x · weightᵀ reads yᵀ = weight · xᵀ.
void Products::forward(const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                       const Tensor& residual) {
  const int64_t N = x.size(0), I = x.size(1), O = weight.size(0);
#ifdef SIMT_USE_CUDA
  const bool same_type = !residual.defined() || residual.dtype() == y.dtype();
  Tensor addend = bias;  // the library wants it in the type of y
  if (bias.defined() && bias.dtype() != y.dtype()) {
    addend = Tensor(bias.shape(), y.dtype(), allocator_);
    KERNEL_SPACE::cast(y.dtype(), addend.address(), bias.dtype(), bias.address(), O, cast_rungs - 1,
                       reinterpret_cast<Stream>(memory_.stream()));
  }
  if (same_type && library_->multiply({.d = y,
                                       .a = weight,
                                       .transpose_a = true,
                                       .b = x,
                                       .m = O,
                                       .n = N,
                                       .k = I,
                                       .c = residual,
                                       .bias = addend}))
    return;
#endif
  GPT_CHECK(y.is_contiguous(), "no algorithm for rows {} apart", y.strides()[0]);
  linear_forward(x.dtype(), y.dtype(), y.address(), x.address(), weight.address(),
                 static_cast<const float*>(address_or_null(bias)), address_or_null(residual), N, I, O,
                 linear_rungs - 1, reinterpret_cast<Stream>(memory_.stream()));
}
// [/forward]

// dxᵀ = weightᵀ · dyᵀ
void Products::backward_input(const Tensor& dx, bool add, const Tensor& dy, const Tensor& weight) {
  const int64_t N = dy.size(0), I = weight.size(1), O = weight.size(0);
#ifdef SIMT_USE_CUDA
  if (library_->multiply({.d = dx, .a = weight, .b = dy, .m = I, .n = N, .k = O, .c = add ? dx : Tensor()}))
    return;
#endif
  GPT_CHECK(dy.is_contiguous(), "no algorithm for rows {} apart", dy.strides()[0]);
  linear_backward_input(dx.dtype(), dx.address(), add, dy.address(), weight.address(), N, I, O,
                        linear_rungs - 1, reinterpret_cast<Stream>(memory_.stream()));
}

// d_weightᵀ += xᵀ · dy
void Products::backward_weight(const Tensor& d_weight, const Tensor& dy, const Tensor& x) {
  const int64_t N = dy.size(0), I = x.size(1), O = dy.size(1);
#ifdef SIMT_USE_CUDA
  if (library_->multiply(
          {.d = d_weight, .a = x, .b = dy, .transpose_b = true, .m = I, .n = O, .k = N, .c = d_weight}))
    return;
#endif
  GPT_CHECK(dy.is_contiguous(), "no algorithm for rows {} apart", dy.strides()[0]);
  linear_backward_weight(dy.dtype(), reinterpret_cast<float*>(d_weight.address()), nullptr, dy.address(),
                         x.address(), N, I, O, nullptr, linear_rungs - 1,
                         reinterpret_cast<Stream>(memory_.stream()));
}

}  // namespace gpt::KERNEL_SPACE
