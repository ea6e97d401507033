#include "11_ddp/reducer.hpp"

#include "11_ddp/tree.hpp"

namespace gpt {

TreeReducer::TreeReducer(Communicator& communicator) : background_(communicator) {
  GPT_CHECK(is_power_of_two(communicator.size()), "a binary tree over {} ranks: it takes 1, 2, 4, 8, …",
            communicator.size());
}

std::unique_ptr<Work> TreeReducer::start(size_t /*bucket*/, const Tensor& gradients) {
  return background_.submit([gradients](Communicator& group) { tree_all_reduce(group, gradients); });
}

}  // namespace gpt
