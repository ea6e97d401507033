#include "exercises/07_cuda_kernels/absmax_int8.hpp"

#include "exercises/todo.hpp"

namespace gpt::KERNEL_SPACE {

void absmax_int8(int8_t* packed, float* scales, const float* x, int64_t n) {
  todo("all threads of a block need the largest |x| before the first can divide");
}

}  // namespace gpt::KERNEL_SPACE
