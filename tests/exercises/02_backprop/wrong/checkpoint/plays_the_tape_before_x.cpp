// Says: The second pass ends at a leaf of its own
#include "exercises/02_backprop/checkpoint.hpp"

namespace gpt {

Variable checkpoint(const std::function<Variable(const Variable&)>& f, const Variable& x) {
  const Tensor y =
      f(x.detach()).value();  // the tape of this pass, if f has captured leaves, goes with the temporary
  // Recorded even where x needs no gradient: leaves inside of f may.
  const Variable input = x.node() ? x : Variable::leaf(x.value());
  return record("checkpoint", y, {input},
                [f, input](const Tensor& gradient) { f(input).backward(gradient); });
}

}  // namespace gpt
