#include "exercises/09_averaging/central_average.hpp"

#include "exercises/todo.hpp"

namespace gpt {

void central_average(Communicator& communicator, const Tensor& tensor) {
  todo("with communicator.send() and receive() alone");
}

}  // namespace gpt
