#pragma once
// A tensor that remembers how it was made.

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "01_tensors/tensor.hpp"

namespace gpt {

/// The place where a gradient gathers: one node of the tape. The node of an operation knows the nodes of its
/// inputs and how to send them their part of its gradient; the node of a leaf (a parameter) keeps what
/// arrives.
///
/// A Node holds no value. What an operation's backward step needs of its inputs, its closure has captured;
/// what it does not need is free as soon as the forward pass lets go of it.
class Node {
 public:
  /// Sends the gradients of the inputs, given that of the output: calls accumulate() or gather() on the input
  /// nodes.
  using Backward = std::function<void(const Tensor& output_gradient)>;

  /// A leaf. Its gradient stays, and further ones are added to it; with `buffer`, it gathers there.
  explicit Node(Tensor buffer = {}) : gradient_(std::move(buffer)) {}
  /// An operation.
  Node(std::string_view name, std::vector<std::shared_ptr<Node>> inputs, Backward backward)
      : name_(name), inputs_(std::move(inputs)), backward_(std::move(backward)), is_leaf_(false) {}
  ~Node();

  /// Adds `gradient` to what has arrived so far. An operation takes the first one as it is, without a copy.
  void accumulate(const Tensor& gradient);

  /// The same for an operation that can add in place: calls write(destination, add), which must store its
  /// gradient in `destination`, or, where `add` is true, add it to what is there. The destination has the
  /// given shape and type, and lies in memory of `allocator`.
  void gather(const Shape& shape, DType dtype,
              const std::function<void(const Tensor& destination, bool add)>& write,
              const std::shared_ptr<Allocator>& allocator = host_allocator());

  /// What has arrived; undefined before anything has.
  const Tensor& gradient() const { return gradient_; }
  /// Leaves: sets what has gathered to zeros, in place.
  void zero_gradient();
  bool is_leaf() const { return is_leaf_; }
  std::string_view name() const { return name_; }
  const std::vector<std::shared_ptr<Node>>& inputs() const { return inputs_; }

  /// Leaves: called by backward() as soon as no further contribution to this gradient can come.
  void on_ready(std::function<void()> hook) { ready_ = std::move(hook); }

 private:
  friend void run_backward(const std::shared_ptr<Node>& root, const Tensor& gradient);

  std::string_view name_ = "leaf";
  std::vector<std::shared_ptr<Node>> inputs_;  // null where an input needs no gradient
  Backward backward_;
  std::function<void()> ready_;
  Tensor gradient_;
  bool is_leaf_ = true;
};

/// Sends `gradient` to `root` and from there to all leaves, each node after all its consumers. On the way,
/// every operation's gradient and saved tensors are let go as soon as they have been used, so a tape can be
/// played once.
void run_backward(const std::shared_ptr<Node>& root, const Tensor& gradient);

/// A value and, where a gradient is wanted, the node that gathers it. A handle: copies share both.
class Variable {
 public:
  Variable() = default;
  /// A constant: no gradient flows to it.
  Variable(Tensor value) : value_(std::move(value)) {}  // NOLINT: a Tensor is a constant Variable
  Variable(Tensor value, std::shared_ptr<Node> node) : value_(std::move(value)), node_(std::move(node)) {}
  /// A leaf that gathers a gradient.
  static Variable leaf(Tensor value) { return {std::move(value), std::make_shared<Node>()}; }

  const Tensor& value() const { return value_; }
  const Shape& shape() const { return value_.shape(); }
  DType dtype() const { return value_.dtype(); }
  bool requires_gradient() const { return node_ != nullptr; }
  const std::shared_ptr<Node>& node() const { return node_; }
  /// The gradient that has gathered; undefined before backward(), and again after it for all but leaves.
  /// Throws Error for a constant.
  const Tensor& gradient() const;
  /// The same value as a constant: the tape ends here.
  Variable detach() const { return {value_}; }

  /// Computes the gradient of this scalar with respect to every leaf it depends on, and adds it to theirs.
  void backward() const;
  /// The same for a value of any shape, starting from `gradient`, that of some scalar with respect to this
  /// value.
  void backward(const Tensor& gradient) const;

 private:
  Tensor value_;
  std::shared_ptr<Node> node_;
};

/// Records an operation: `value` was computed from `inputs`, and `backward` sends the inputs' gradients. When
/// no input needs a gradient, nothing is recorded and the result is a constant, so that evaluation keeps no
/// tape.
Variable record(std::string_view name, Tensor value, const std::vector<Variable>& inputs,
                Node::Backward backward);

}  // namespace gpt
