#include "02_backprop/variable.hpp"

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "01_tensors/elementwise.hpp"

namespace gpt {

// [destructor]
// A long tape is a long chain of shared pointers. Letting go of it must not recurse once for every link, or a
// deep model would overflow the stack: nodes that nobody else holds are taken apart in a loop. The closure
// holds the input nodes as well, so it goes first, while `orphans` still holds them.
Node::~Node() {
  std::vector<std::shared_ptr<Node>> orphans = std::move(inputs_);
  backward_ = nullptr;
  while (!orphans.empty()) {
    const std::shared_ptr<Node> node = std::move(orphans.back());
    orphans.pop_back();
    if (!node || node.use_count() > 1) continue;
    for (std::shared_ptr<Node>& input : node->inputs_) orphans.push_back(std::move(input));
  }
}
// [/destructor]

// [accumulate]
void Node::accumulate(const Tensor& gradient) {
  if (!gradient_.defined() && !is_leaf_)
    gradient_ = gradient;  // shared with the sender: gather() copies before it writes
  else
    gather(
        gradient.shape(), gradient.dtype(),
        [&](const Tensor& destination, bool add) {
          if (add)
            add_to(destination, gradient);
          else
            destination.copy_from(gradient);
        },
        gradient.allocator());
}

void Node::gather(const Shape& shape, DType dtype, const std::function<void(const Tensor&, bool)>& write,
                  const std::shared_ptr<Allocator>& allocator) {
  const bool add = gradient_.defined();
  if (!add)
    gradient_ = Tensor(shape, dtype, allocator);
  else if (!is_leaf_ && (gradient_.storage().use_count() > 1 || !gradient_.is_contiguous()))
    gradient_ =
        gradient_.clone();  // someone else holds these elements too: adding in place would change theirs
  GPT_CHECK(gradient_.shape() == shape, "a gradient of shape {} for a value of shape {}", shape,
            gradient_.shape());
  write(gradient_, add);
}
// [/accumulate]

namespace {

// [order]
/// All nodes that `root` depends on, each after every node that sends to it: the order in which backward()
/// visits.
std::vector<std::shared_ptr<Node>> backward_order(const std::shared_ptr<Node>& root) {
  // Depth-first search without recursion: a node is finished, and put in front of the order, after all its
  // inputs.
  std::vector<std::shared_ptr<Node>> order;
  std::vector<std::pair<std::shared_ptr<Node>, size_t>> path{{root, 0}};
  std::unordered_set<const Node*> seen{root.get()};
  while (!path.empty()) {
    auto& [node, next] = path.back();
    if (next == node->inputs().size()) {
      order.push_back(node);
      path.pop_back();
      continue;
    }
    const std::shared_ptr<Node> input = node->inputs()[next++];  // a copy: emplace_back moves `path`
    if (input && seen.insert(input.get()).second) path.emplace_back(input, 0);
  }
  return {order.rbegin(), order.rend()};
}
// [/order]

}  // namespace

void Node::zero_gradient() {
  if (!gradient_.defined()) return;
  gradient_.fill(0.0);
}

// [run_backward]
void run_backward(const std::shared_ptr<Node>& root, const Tensor& gradient) {
  std::vector<std::shared_ptr<Node>> order = backward_order(root);
  std::unordered_map<const Node*, int> pending;  // how many consumers have still to send
  for (const auto& node : order)
    for (const auto& input : node->inputs()) ++pending[input.get()];

  // Refused before anything is sent, so that all gradients stay as they were.
  for (const auto& node : order)
    GPT_CHECK(node->is_leaf() || node->backward_,
              "backward() ran through {} before; its saved tensors are gone", node->name());

  root->accumulate(gradient);
  if (root->is_leaf() && root->ready_) root->ready_();
  for (std::shared_ptr<Node>& node : order) {
    if (node->is_leaf()) continue;
    const Node::Backward send = std::move(node->backward_);
    node->backward_ = nullptr;
    const Tensor arrived = std::move(node->gradient_);
    node->gradient_ = {};
    if (arrived.defined()) send(arrived);  // else the gradient is zero, and so is all it would send
    for (const auto& input : node->inputs())
      if (input && --pending[input.get()] == 0 && input->ready_) input->ready_();
    node.reset();
  }
}
// [/run_backward]

const Tensor& Variable::gradient() const {
  GPT_CHECK(node_ != nullptr, "a constant has no gradient");
  return node_->gradient();
}

void Variable::backward() const {
  GPT_CHECK(value_.elements() == 1, "backward() starts from a scalar; the shape is {}", value_.shape());
  backward(Tensor::full(value_.shape(), 1.0, value_.dtype()));
}

void Variable::backward(const Tensor& gradient) const {
  GPT_CHECK(node_ != nullptr, "backward() of a value that depends on no leaf");
  GPT_CHECK_EQ(gradient.shape(), value_.shape());
  run_backward(node_, gradient);
}

// [record]
Variable record(std::string_view name, Tensor value, const std::vector<Variable>& inputs,
                Node::Backward backward) {
  std::vector<std::shared_ptr<Node>> nodes;
  bool any = false;
  for (const Variable& input : inputs) {
    nodes.push_back(input.node());
    any = any || input.requires_gradient();
  }
  if (!any) return {std::move(value)};
  return {std::move(value), std::make_shared<Node>(name, std::move(nodes), std::move(backward))};
}
// [/record]

}  // namespace gpt
