#pragma once
// The matrix products of a linear layer: by NVIDIA's library on a GPU, by chapter 07's kernels elsewhere.

#include <memory>

#include "01_tensors/tensor.hpp"
#include "08_gpu_training/device_memory.hpp"

namespace gpt::KERNEL_SPACE {

/// What Backend's linear_… compute. Tensors lie on the device and are contiguous; only the rows of y and dy
/// may lie output_stride() apart.
class Products {
 public:
  /// `tf32`: products of f32 may round their factors to 10 bits. `memory` is the allocator's.
  Products(std::shared_ptr<Allocator> allocator, DeviceMemory& memory, bool tf32);
  ~Products();

  /// How many elements the rows of an output should lie apart. The library's fast kernels move 16 bytes at a
  /// time: a row of GPT-2's 50,257 logits would begin where that cannot be.
  int64_t output_stride(int64_t outputs) const;
  void forward(const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias,
               const Tensor& residual);
  void backward_input(const Tensor& dx, bool add, const Tensor& dy, const Tensor& weight);
  void backward_weight(const Tensor& d_weight, const Tensor& dy, const Tensor& x);

 private:
  std::shared_ptr<Allocator> allocator_;
  DeviceMemory& memory_;
  class Library;
  std::unique_ptr<Library> library_;  // cuBLASLt; null where chapter 07 multiplies
};

}  // namespace gpt::KERNEL_SPACE
