#pragma once
// All parameters of a model in one contiguous buffer, all their gradients in another.

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "01_tensors/philox.hpp"
#include "02_backprop/variable.hpp"

namespace gpt {

/// Writes the first values of a parameter, taking random numbers from the parameter's own stream.
using Initializer = std::function<void(const Tensor& value, const RandomStream& random)>;
/// Makes a buffer of zeros.
using MakeBuffer = std::function<Tensor(const Shape& shape, DType dtype)>;

/// One parameter's place in the buffers.
struct Parameter {
  std::string name;
  Shape shape;
  int64_t offset =
      0;  ///< of its first element, in elements; a multiple of 16, so that rows of vectors are aligned
  int64_t elements = 0;
  bool decay = false;  ///< does weight decay apply? By nanoGPT's rule: to matrices, not to biases and norms
  Variable variable;   ///< its value and gradient, as views into the buffers
};

/// The arena: a model's parameters, laid out in the reverse of the order in which the forward pass uses them.
/// The backward pass finishes gradients in that order, so the gradient buffer fills from the front, and
/// whatever works on the whole model works on slices of flat buffers: the optimizer, all-reduce buckets,
/// ZeRO's shards, checkpoints.
///
/// Order of calls: declare() all parameters in order of use; allocate() once; then everything else.
class ParameterStore {
 public:
  /// `value_type`: f32, or f64 for gradient checks.
  explicit ParameterStore(DType value_type = DType::f32) : value_type_(value_type) {}

  /// Announces a parameter. Names are unique. Weight decay applies to parameters of rank 2 and more.
  void declare(std::string name, const Shape& shape, Initializer initialize);

  /// Lays out the buffers and initialises every parameter from (seed, its number in order of declaration).
  /// With `compute_type` bf16 the matrices get a copy in bf16, which is what their Variables show; the values
  /// proper, the "master weights", stay in the value type. Vectors (biases, norms) are used as they are. The
  /// buffers lie in memory of `allocator`; the first values are drawn on the host, the same for every device.
  /// `make_gradients` makes the buffer of the gradients for those who want it elsewhere on that device, and
  /// `make_values` those of the values and of their copy.
  void allocate(uint64_t seed, DType compute_type,
                const std::shared_ptr<Allocator>& allocator = host_allocator(),
                const MakeBuffer& make_gradients = nullptr, const MakeBuffer& make_values = nullptr);
  void allocate(uint64_t seed) { allocate(seed, value_type_); }

  /// In the order of the buffers.
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const Parameter& parameter(std::string_view name) const;  ///< throws Error when there is none
  bool contains(std::string_view name) const { return find(name) >= 0; }
  const Variable& variable(std::string_view name) const { return parameter(name).variable; }

  const Tensor& values() const { return values_; }        ///< (size()) the whole buffer, padding included
  const Tensor& gradients() const { return gradients_; }  ///< (size()) likewise, in the value type
  /// (size()) the bf16 copy of the values; undefined when there is none. refresh_compute_copy() writes it
  /// anew.
  const Tensor& compute_copy() const { return compute_copy_; }
  void refresh_compute_copy() const;
  Tensor value(const Parameter& parameter) const;  ///< the master value, as a view of the parameter's shape
  Tensor gradient(const Parameter& parameter) const;  ///< its gradient, likewise

  int64_t size() const { return size_; }                        ///< elements of each buffer, padding included
  int64_t parameter_count() const { return parameter_count_; }  ///< elements without padding
  void zero_gradients() const { gradients_.fill(0.0); }

 private:
  int find(std::string_view name) const;  ///< its index, or -1

  DType value_type_;
  std::vector<Parameter> parameters_;
  std::vector<Initializer> initializers_;  // in order of declaration
  std::unordered_map<std::string, int> index_;
  int64_t size_ = 0;
  int64_t parameter_count_ = 0;
  Tensor values_, gradients_, compute_copy_;
};

}  // namespace gpt
