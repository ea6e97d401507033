// Says: are the steps made of its strides?
#include "exercises/01_tensors/diagonal.hpp"

namespace gpt {

Tensor diagonal(const Tensor& matrix) {
  GPT_CHECK(matrix.rank() == 2 && matrix.size(0) == matrix.size(1), "the diagonal of shape {}",
            matrix.shape());
  return matrix.view({matrix.size(0)}, {matrix.size(0) + 1}, matrix.offset());
}

}  // namespace gpt
