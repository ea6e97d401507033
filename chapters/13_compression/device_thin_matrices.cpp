#include "13_compression/device_thin_matrices.hpp"

#include "01_tensors/tensor.hpp"
#include "07_cuda_kernels/thin.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

/// The length of a row of a thin matrix of r rows.
int64_t length(std::span<const float> thin, int64_t r) {
  return static_cast<int64_t>(thin.size()) / r;
}

// [device_thin]
class DeviceThinMatrices final : public ThinMatrices {
 public:
  DeviceThinMatrices(const std::shared_ptr<Allocator>& memory, Stream stream)
      : memory_(memory), stream_(stream) {}

  void multiply(std::span<float> p, std::span<const float> matrix, std::span<const float> q,
                int64_t r) const override {
    thin_product(p.data(), matrix.data(), q.data(), length(p, r), length(q, r), r, stream_);
  }
  void multiply_across(std::span<float> q, std::span<const float> matrix, std::span<const float> p,
                       int64_t r) const override {
    const int64_t n = length(p, r), m = length(q, r);
    const Tensor scratch({static_cast<int64_t>(thin_scratch_bytes(n, m, r) / 4)}, DType::f32, memory_);
    thin_product_across(q.data(), matrix.data(), p.data(), n, m, r, scratch.address(), stream_);
  }
  void add_product(std::span<float> matrix, float factor, std::span<const float> p, std::span<const float> q,
                   int64_t r) const override {
    add_thin_product(matrix.data(), factor, p.data(), q.data(), length(p, r), length(q, r), r, stream_);
  }
  void orthonormalise(std::span<float> p, int64_t r) const override {
    orthonormalise_rows(p.data(), length(p, r), r, stream_);
  }
  void copy_unless_zero(std::span<float> q, std::span<const float> from, int64_t r) const override {
    copy_rows_unless_zero(q.data(), from.data(), length(q, r), r, stream_);
  }

 private:
  std::shared_ptr<Allocator> memory_;
  Stream stream_;
};
// [/device_thin]

}  // namespace

std::unique_ptr<ThinMatrices> make_device_thin_matrices(const std::shared_ptr<Allocator>& memory,
                                                        Stream stream) {
  return std::make_unique<DeviceThinMatrices>(memory, stream);
}

}  // namespace gpt::KERNEL_SPACE
