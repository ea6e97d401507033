#include "exercises/02_backprop/checkpoint.hpp"

#include "exercises/todo.hpp"

namespace gpt {

Variable checkpoint(const std::function<Variable(const Variable&)>& f, const Variable& x) {
  todo("forward without a tape that stays; in the closure: detach x, make it a leaf, run f, backward");
}

}  // namespace gpt
