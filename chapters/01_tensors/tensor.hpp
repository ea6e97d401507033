#pragma once
// A tensor: a shape and strides over shared storage.

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "01_tensors/allocator.hpp"
#include "01_tensors/device.hpp"
#include "01_tensors/dtype.hpp"
#include "01_tensors/shape.hpp"

namespace gpt {

/// A block of bytes that tensors share; the last one to let go gives it back to its allocator.
class Storage {
 public:
  Storage(int64_t bytes, std::shared_ptr<Allocator> allocator)
      : allocator_(std::move(allocator)),
        bytes_(bytes),
        data_(allocator_->allocate(bytes)),
        device_(allocator_->device()) {}
  ~Storage() { allocator_->release(data_, bytes_); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return static_cast<std::byte*>(data_); }
  int64_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  const std::shared_ptr<Allocator>& allocator() const { return allocator_; }

 private:
  std::shared_ptr<Allocator> allocator_;
  int64_t bytes_;
  void* data_;
  Device device_;
};

/// A tensor of f32, bf16, f64 or i32 elements. A Tensor is a handle: copies and views share their storage, so
/// writing through one is seen through all. clone() makes an independent one. Element (i, j, …) lies at
/// element offset + i·strides[0] + j·strides[1] + … of the storage.
class Tensor {
 public:
  Tensor() = default;  ///< undefined: no storage
  /// Uninitialised elements in row-major order.
  explicit Tensor(const Shape& shape, DType dtype = DType::f32,
                  std::shared_ptr<Allocator> allocator = host_allocator());

  static Tensor zeros(const Shape& shape, DType dtype = DType::f32);
  static Tensor full(const Shape& shape, double value, DType dtype = DType::f32);
  /// 0, 1, 2, … in row-major order.
  static Tensor arange(const Shape& shape, DType dtype = DType::f32);
  /// Copies `values`, in row-major order; throws Error unless they are as many as `shape` has elements.
  template <Element T>
  static Tensor from(const std::vector<T>& values, const Shape& shape);
  static Tensor scalar(double value, DType dtype = DType::f32) { return full({}, value, dtype); }

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  const Shape& strides() const { return strides_; }
  int rank() const { return shape_.rank(); }
  int64_t size(int dimension) const { return shape_[dimension]; }
  int64_t elements() const { return shape_.elements(); }
  int64_t bytes() const { return elements() * size_of(dtype_); }
  DType dtype() const { return dtype_; }
  Device device() const {
    GPT_CHECK(defined(), "the device of an undefined tensor");
    return storage_->device();
  }
  int64_t offset() const { return offset_; }
  const std::shared_ptr<Storage>& storage() const { return storage_; }
  /// That of its storage: what makes a tensor beside this one, on the same device.
  const std::shared_ptr<Allocator>& allocator() const {
    GPT_CHECK(defined(), "the memory of an undefined tensor");
    return storage_->allocator();
  }
  /// Dense and row-major, as a plain array would be.
  bool is_contiguous() const;

  /// The first element, for the host; throws Error when T is not the tensor's type, or when the tensor lies
  /// where the host cannot read: host() brings it here.
  template <Element T>
  T* data() const {
    GPT_CHECK(defined() && dtype_of<T> == dtype_, "a tensor of {} read as {}", dtype_, dtype_of<T>);
    return reinterpret_cast<T*>(bytes_data());
  }
  std::byte* bytes_data() const {
    GPT_CHECK(device() == Device::cpu, "the host reads a tensor in the memory of {}", name_of(device()));
    return address();
  }
  /// Where the first element lies in the memory of its device, whichever that is: for kernels and copies.
  std::byte* address() const {
    GPT_CHECK(defined(), "the address of an undefined tensor");
    return storage_->data() + offset_ * size_of(dtype_);
  }
  /// All elements of a contiguous tensor.
  template <Element T>
  std::span<T> span() const {
    GPT_CHECK(is_contiguous(), "a tensor of shape {} with strides {} is not contiguous", shape_, strides_);
    return {data<T>(), static_cast<size_t>(elements())};
  }
  /// One element, by its indices.
  template <Element T>
  T& at(std::initializer_list<int64_t> indices) const;
  /// The value of a tensor with one element, as a double.
  double item() const;

  // Views: the same storage under another shape and other strides. None of them copies. A negative dimension
  // counts from the end.
  /// The same elements in the same order; throws Error when no strides can say so (call contiguous() first).
  Tensor reshape(const Shape& shape) const;
  Tensor transpose(int a, int b) const;                    ///< dimensions a and b exchanged
  Tensor permute(std::initializer_list<int> order) const;  ///< dimension i of the result is order[i] of this
  Tensor slice(int dimension, int64_t from, int64_t to) const;  ///< indices from … to-1 of one dimension
  Tensor select(int dimension, int64_t index) const;            ///< one index; the dimension disappears
  Tensor expand(const Shape& shape) const;  ///< broadcast: a dimension of size 1 repeats, with stride 0

  /// Any strides over the same storage; throws Error when an element would lie outside of it.
  Tensor view(const Shape& shape, const Shape& strides, int64_t offset) const;

  // Copies. Those in the memory of a device, and between two, are meant for setting up and for reading
  // results: with other strides or another type they take the way through the host.
  Tensor contiguous() const;     ///< itself when contiguous already, else a dense copy
  Tensor clone() const;          ///< always a dense copy
  Tensor to(DType dtype) const;  ///< itself when of that type already, else converted, dense
  Tensor host() const;           ///< itself when on the host already, else a copy with the same strides there
  /// Itself when on the device of `allocator` already, else a dense copy there.
  Tensor on(const std::shared_ptr<Allocator>& allocator) const;
  /// Overwrites all elements with those of `source` (of the same shape; converted to this type), which may be
  /// another view of the same storage.
  const Tensor& copy_from(const Tensor& source) const;
  const Tensor& fill(double value) const;

 private:
  /// The first and the last element of the storage that belong to this tensor, which is not empty.
  std::pair<int64_t, int64_t> extent() const;
  void copy_across_devices(const Tensor& source) const;

  std::shared_ptr<Storage> storage_;
  Shape shape_;
  Shape strides_;
  int64_t offset_ = 0;  // elements
  DType dtype_ = DType::f32;
};

/// The values as nested brackets. Of more than eight along a dimension the first and last three are shown.
std::string to_string(const Tensor& tensor);

template <Element T>
Tensor Tensor::from(const std::vector<T>& values, const Shape& shape) {
  GPT_CHECK(static_cast<int64_t>(values.size()) == shape.elements(), "{} values for shape {}", values.size(),
            shape);
  Tensor result(shape, dtype_of<T>);
  std::copy(values.begin(), values.end(), result.data<T>());
  return result;
}

template <Element T>
T& Tensor::at(std::initializer_list<int64_t> indices) const {
  GPT_CHECK_EQ(static_cast<int>(indices.size()), rank());
  int64_t position = 0;
  int d = 0;
  for (const int64_t index : indices) {
    GPT_CHECK(index >= 0 && index < shape_[d], "index {} of dimension {} of shape {}", index, d, shape_);
    position += index * strides_[d++];
  }
  return data<T>()[position];
}

}  // namespace gpt
