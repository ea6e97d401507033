#include "exercises/01_tensors/parallel_product.hpp"

#include "exercises/todo.hpp"

namespace gpt {

Tensor parallel_product(const Tensor& a, const Tensor& b, int threads) {
  todo("the reordered loops of the lesson, with #pragma omp parallel for on one of them: on which?");
}

}  // namespace gpt
