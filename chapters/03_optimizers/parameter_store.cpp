#include "03_optimizers/parameter_store.hpp"

#include <algorithm>

namespace gpt {
namespace {

constexpr int64_t alignment = 16;  // elements: 64 bytes of f32, one cache line and one AVX-512 register

Tensor slice_as(const Tensor& buffer, const Parameter& parameter) {
  return buffer.slice(0, parameter.offset, parameter.offset + parameter.elements).reshape(parameter.shape);
}

}  // namespace

void ParameterStore::declare(std::string name, const Shape& shape, Initializer initialize) {
  GPT_CHECK(!values_.defined(), "parameter {} declared after allocate()", name);
  GPT_CHECK(!contains(name), "parameter {} declared twice", name);
  index_[name] = static_cast<int>(parameters_.size());
  parameters_.push_back({std::move(name), shape, 0, shape.elements(), shape.rank() >= 2, {}});
  initializers_.push_back(std::move(initialize));
}

// [allocate]
void ParameterStore::allocate(uint64_t seed, DType compute_type, const std::shared_ptr<Allocator>& allocator,
                              const MakeBuffer& make_gradients, const MakeBuffer& make_values) {
  GPT_CHECK(!values_.defined(), "allocate() is called once");
  GPT_CHECK(compute_type == value_type_ || compute_type == DType::bf16,
            "values of {} with a compute copy of {}", value_type_, compute_type);
  std::reverse(parameters_.begin(), parameters_.end());  // from order of use to order of backward
  index_.clear();
  for (Parameter& parameter : parameters_) {
    parameter.offset = size_;
    size_ += (parameter.elements + alignment - 1) / alignment * alignment;
    parameter_count_ += parameter.elements;
    index_[parameter.name] = static_cast<int>(index_.size());
  }
  const Tensor first_values =
      make_values ? make_values({size_}, value_type_) : Tensor::zeros({size_}, value_type_);
  for (size_t declared = 0; declared < initializers_.size(); ++declared)
    initializers_[declared](slice_as(first_values, parameters_[parameters_.size() - 1 - declared]),
                            RandomStream(seed, RandomUse::initialisation, declared));
  values_ = first_values.on(allocator);
  gradients_ = make_gradients ? make_gradients({size_}, value_type_)
                              : Tensor({size_}, value_type_, allocator).fill(0.0);
  if (compute_type != value_type_)
    compute_copy_ =
        make_values ? make_values({size_}, compute_type) : Tensor({size_}, compute_type, allocator);

  for (Parameter& parameter : parameters_) {
    const bool copied = compute_copy_.defined() && parameter.shape.rank() >= 2;
    parameter.variable = Variable(copied ? slice_as(compute_copy_, parameter) : value(parameter),
                                  std::make_shared<Node>(gradient(parameter)));
  }
  refresh_compute_copy();
}
// [/allocate]

void ParameterStore::refresh_compute_copy() const {
  if (compute_copy_.defined()) compute_copy_.copy_from(values_);
}

int ParameterStore::find(std::string_view name) const {
  const auto found = index_.find(std::string(name));
  return found == index_.end() ? -1 : found->second;
}

const Parameter& ParameterStore::parameter(std::string_view name) const {
  const int i = find(name);
  GPT_CHECK(i >= 0, "there is no parameter {}", name);
  return parameters_[static_cast<size_t>(i)];
}

Tensor ParameterStore::value(const Parameter& parameter) const {
  return slice_as(values_, parameter);
}
Tensor ParameterStore::gradient(const Parameter& parameter) const {
  return slice_as(gradients_, parameter);
}

}  // namespace gpt
