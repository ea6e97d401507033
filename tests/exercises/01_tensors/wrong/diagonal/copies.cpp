// Says: is it a copy?
#include "exercises/01_tensors/diagonal.hpp"

namespace gpt {

Tensor diagonal(const Tensor& matrix) {
  GPT_CHECK(matrix.rank() == 2 && matrix.size(0) == matrix.size(1), "the diagonal of shape {}",
            matrix.shape());
  const Tensor result({matrix.size(0)}, matrix.dtype());
  for (int64_t i = 0; i < matrix.size(0); ++i)
    result.slice(0, i, i + 1).copy_from(matrix.select(0, i).slice(0, i, i + 1));
  return result;
}

}  // namespace gpt
