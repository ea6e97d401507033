#include "exercises/06_simt/swizzle.hpp"

#include "exercises/todo.hpp"

namespace gpt::KERNEL_SPACE {

void swizzled_transpose(float* y, const float* x, int n) {
  todo(
      "element (row, column) of the tile lies in another column than its own: in which, so that rows and "
      "columns both spread over all banks?");
}

}  // namespace gpt::KERNEL_SPACE
