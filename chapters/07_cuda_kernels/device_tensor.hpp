#pragma once
// A tensor's values in device memory, for ladders and tests.

#include "01_tensors/tensor.hpp"
#include "06_simt/device_array.hpp"

namespace gpt::simt::inline FOR_KERNEL_SPACE {

/// A contiguous tensor in device memory.
class DeviceTensor {
 public:
  /// The values of `host`, converted to `type`.
  DeviceTensor(const Tensor& host, DType type) : DeviceTensor(host.shape(), type) { set(host); }
  /// Not set to anything; the SIMT machine fills it with NaN.
  DeviceTensor(const Shape& shape, DType type)
      : shape_(shape),
        type_(type),
        bytes_(static_cast<size_t>(Tensor(shape, type).elements() * size_of(type))) {}

  void set(const Tensor& host) {
    const Tensor values = host.to(type_).contiguous();
    if (bytes_.size() == 0) return;
    check(cudaMemcpy(bytes_.data(), values.bytes_data(), bytes_.size(), cudaMemcpyHostToDevice),
          "cudaMemcpy");
  }
  /// What it holds, as f64. Waits for the kernels before it.
  Tensor host() const {
    Tensor values(shape_, type_);
    if (bytes_.size() > 0)
      check(cudaMemcpy(values.bytes_data(), bytes_.data(), bytes_.size(), cudaMemcpyDeviceToHost),
            "cudaMemcpy");
    return values.to(DType::f64);
  }

  void* data() const { return bytes_.data(); }
  float* floats() const { return reinterpret_cast<float*>(bytes_.data()); }
  int32_t* ints() const { return reinterpret_cast<int32_t*>(bytes_.data()); }
  DType type() const { return type_; }
  const Shape& shape() const { return shape_; }

 private:
  Shape shape_;
  DType type_;
  DeviceArray<std::byte> bytes_;
};

}  // namespace gpt::simt::inline FOR_KERNEL_SPACE
