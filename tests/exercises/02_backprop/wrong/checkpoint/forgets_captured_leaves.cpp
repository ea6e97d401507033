// Says: so that it records?
#include "exercises/02_backprop/checkpoint.hpp"

namespace gpt {

Variable checkpoint(const std::function<Variable(const Variable&)>& f, const Variable& x) {
  const Tensor y =
      f(x.detach()).value();  // the tape of this pass, if f has captured leaves, goes with the temporary
  const Variable& input = x;
  return record("checkpoint", y, {input}, [f, input](const Tensor& gradient) {
    const Variable again = Variable::leaf(input.value());
    f(again).backward(gradient);
    if (again.gradient().defined()) input.node()->accumulate(again.gradient());
  });
}

}  // namespace gpt
