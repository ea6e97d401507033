#include "01_tensors/tensor.hpp"

#include <fmt/ranges.h>

#include <cstring>
#include <numeric>
#include <optional>

#include "01_tensors/strided.hpp"

namespace gpt {

Tensor::Tensor(const Shape& shape, DType dtype, std::shared_ptr<Allocator> allocator)
    : shape_(shape), strides_(row_major_strides(shape)), dtype_(dtype) {
  for (const int64_t size : shape) GPT_CHECK(size >= 0, "shape {} has a negative size", shape);
  storage_ = std::make_shared<Storage>(bytes(), std::move(allocator));
}

Tensor Tensor::zeros(const Shape& shape, DType dtype) {
  return full(shape, 0.0, dtype);
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
  return Tensor(shape, dtype).fill(value);
}

Tensor Tensor::arange(const Shape& shape, DType dtype) {
  std::vector<double> values(static_cast<size_t>(shape.elements()));
  std::iota(values.begin(), values.end(), 0.0);
  return from(values, shape).to(dtype);
}

// [is_contiguous]
bool Tensor::is_contiguous() const {
  if (elements() == 0) return true;
  int64_t expected = 1;
  for (int d = rank() - 1; d >= 0; --d) {
    if (shape_[d] == 1) continue;  // the stride of a single element is never used
    if (strides_[d] != expected) return false;
    expected *= shape_[d];
  }
  return true;
}
// [/is_contiguous]

// [view]
Tensor Tensor::view(const Shape& shape, const Shape& strides, int64_t offset) const {
  GPT_CHECK(defined() && shape.rank() == strides.rank(), "a view of shape {} with strides {}", shape,
            strides);
  int64_t first = offset, last = offset;
  for (int d = 0; d < shape.rank(); ++d) (strides[d] < 0 ? first : last) += (shape[d] - 1) * strides[d];
  GPT_CHECK(shape.elements() == 0 || (first >= 0 && (last + 1) * size_of(dtype_) <= storage_->bytes()),
            "a view of shape {} with strides {} from element {} on leaves its storage of {} bytes", shape,
            strides, offset, storage_->bytes());
  Tensor result = *this;
  result.shape_ = shape;
  result.strides_ = strides;
  result.offset_ = offset;
  return result;
}
// [/view]

// [reshape]
namespace {

/// Strides under which the elements at `old_strides` have the shape `shape`, if there are any. Dimensions
/// that continue each other (the outer stride is the inner one times the inner size) form a block, and a
/// block can be divided anew; but no new dimension can reach over the edge of one.
std::optional<Shape> reshaped_strides(const Shape& old, const Shape& old_strides, const Shape& shape) {
  Shape strides = row_major_strides(shape);
  if (shape.elements() == 0 || old.rank() == 0) return strides;
  int next = shape.rank() - 1;  // the innermost dimension that has no stride yet
  for (int d = old.rank() - 1; d >= 0; --d) {
    const int64_t stride = old_strides[d];
    int64_t block = old[d];
    for (; d > 0 && (old[d - 1] == 1 || old_strides[d - 1] == block * stride); --d) block *= old[d - 1];
    int64_t divided = 1;
    for (; next >= 0 && (divided < block || shape[next] == 1); --next) {
      strides[next] = divided * stride;
      divided *= shape[next];
    }
    if (divided != block) return std::nullopt;
  }
  return strides;
}

}  // namespace

Tensor Tensor::reshape(const Shape& shape) const {
  GPT_CHECK(shape.elements() == elements(), "reshape of {} to {}", shape_, shape);
  const std::optional<Shape> strides = reshaped_strides(shape_, strides_, shape);
  GPT_CHECK(strides.has_value(), "no view of shape {} with strides {} has shape {}: call contiguous() first",
            shape_, strides_, shape);
  return view(shape, *strides, offset_);
}
// [/reshape]

// [views]
Tensor Tensor::transpose(int a, int b) const {
  Shape shape = shape_, strides = strides_;
  std::swap(shape[a], shape[b]);
  std::swap(strides[a], strides[b]);
  return view(shape, strides, offset_);
}

Tensor Tensor::slice(int dimension, int64_t from, int64_t to) const {
  GPT_CHECK(0 <= from && from <= to && to <= size(dimension), "slice {}..{} of dimension {} of {}", from, to,
            dimension, shape_);
  Shape shape = shape_;
  shape[dimension] = to - from;
  return view(shape, strides_, offset_ + from * strides_[dimension]);
}

Tensor Tensor::select(int dimension, int64_t index) const {
  GPT_CHECK(0 <= index && index < size(dimension), "index {} of dimension {} of {}", index, dimension,
            shape_);
  return view(shape_.without(dimension), strides_.without(dimension), offset_ + index * strides_[dimension]);
}

Tensor Tensor::expand(const Shape& shape) const {
  GPT_CHECK(broadcast_shapes(shape_, shape) == shape, "shape {} does not expand to {}", shape_, shape);
  Shape strides = shape;
  for (int d = 1; d <= shape.rank(); ++d)
    strides[-d] = d > rank() || (shape_[-d] == 1 && shape[-d] != 1) ? 0 : strides_[-d];
  return view(shape, strides, offset_);
}
// [/views]

Tensor Tensor::permute(std::initializer_list<int> order) const {
  GPT_CHECK_EQ(static_cast<int>(order.size()), rank());
  Shape shape = shape_, strides = strides_;
  unsigned seen = 0;
  int d = 0;
  for (const int source : order) {
    seen |= 1u << shape_.index(source);
    shape[d] = shape_[source];
    strides[d++] = strides_[source];
  }
  GPT_CHECK(seen == (1u << rank()) - 1, "a permutation names every dimension once");
  return view(shape, strides, offset_);
}

Tensor Tensor::contiguous() const {
  return is_contiguous() ? *this : clone();
}

Tensor Tensor::clone() const {
  return Tensor(shape_, dtype_, allocator()).copy_from(*this);
}

Tensor Tensor::to(DType dtype) const {
  return dtype == dtype_ ? *this : Tensor(shape_, dtype, allocator()).copy_from(*this);
}

// [devices]
std::pair<int64_t, int64_t> Tensor::extent() const {
  int64_t first = offset_, last = offset_;
  for (int d = 0; d < rank(); ++d) (strides_[d] < 0 ? first : last) += (shape_[d] - 1) * strides_[d];
  return {first, last};
}

Tensor Tensor::host() const {
  if (device() == Device::cpu) return *this;
  if (elements() == 0) return Tensor(shape_, dtype_);
  const auto [first, last] = extent();
  const Tensor copy({last - first + 1}, dtype_);
  allocator()->memory().copy_out(copy.bytes_data(), storage_->data() + first * size_of(dtype_), copy.bytes());
  return copy.view(shape_, strides_, offset_ - first);
}

Tensor Tensor::on(const std::shared_ptr<Allocator>& allocator) const {
  return device() == allocator->device() ? *this : Tensor(shape_, dtype_, allocator).copy_from(*this);
}

void Tensor::copy_across_devices(const Tensor& source) const {
  if (elements() == 0) return;
  if (device() == Device::cpu) {
    copy_from(source.host());
    return;
  }
  Memory& memory = allocator()->memory();
  if (dtype_ == source.dtype() && is_contiguous() && source.is_contiguous() && device() == source.device()) {
    memory.copy_within(address(), source.address(), bytes());
    return;
  }
  const bool dense = is_contiguous();
  const Tensor from = source.host();
  if (dense && dtype_ == from.dtype() && from.is_contiguous()) {
    memory.copy_in(address(), from.bytes_data(), bytes());
    return;
  }
  const Tensor image = dense ? Tensor(shape_, dtype_) : host();  // what lies between the elements stays
  image.copy_from(from);
  memory.copy_in(storage_->data() + extent().first * size_of(dtype_), image.storage()->data(),
                 image.storage()->bytes());
}
// [/devices]

const Tensor& Tensor::copy_from(const Tensor& source) const {
  GPT_CHECK_EQ(shape_, source.shape());
  if (device() != Device::cpu || source.device() != Device::cpu) {
    copy_across_devices(source);
    return *this;
  }
  if (dtype_ == source.dtype() && is_contiguous() && source.is_contiguous()) {
    if (bytes() > 0) std::memmove(bytes_data(), source.bytes_data(), static_cast<size_t>(bytes()));
    return *this;
  }
  if (storage_ == source.storage_) return copy_from(source.clone());  // or it might read what it just wrote
  dispatch(dtype_, [&](auto to) {
    dispatch(source.dtype(), [&](auto from) {
      using To = decltype(to);
      using From = decltype(from);
      for_each_element([](To& x, const From& y) { x = convert<To>(y); }, strided<To>(*this),
                       strided<From>(source));
    });
  });
  return *this;
}

const Tensor& Tensor::fill(double value) const {
  if (device() != Device::cpu) return copy_from(full(shape_, value, dtype_));
  dispatch(dtype_, [&](auto zero) {
    using T = decltype(zero);
    const T converted = convert<T>(value);
    for_each_element([converted](T& x) { x = converted; }, strided<T>(*this));
  });
  return *this;
}

double Tensor::item() const {
  GPT_CHECK(elements() == 1, "item() of a tensor of shape {}", shape_);
  const Tensor here = host();
  return dispatch(dtype_, [&](auto zero) { return convert<double>(*here.data<decltype(zero)>()); });
}

std::string to_string(const Tensor& tensor) {
  if (tensor.rank() == 0) return fmt::format("{:.4g}", tensor.item());
  constexpr int64_t most = 8, ends = 3;
  const int64_t n = tensor.size(0);
  std::vector<std::string> parts;
  for (int64_t i = 0; i < n; ++i) {
    if (n > most && i == ends) {
      parts.push_back("…");
      i = n - ends;
    }
    parts.push_back(to_string(tensor.select(0, i)));
  }
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

}  // namespace gpt
