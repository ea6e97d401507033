// Says: its neighbours lie a row apart
#include "exercises/01_tensors/windows.hpp"

namespace gpt {

Tensor windows(const Tensor& vector, int64_t width) {
  GPT_CHECK(vector.rank() == 1 && width >= 1 && width <= vector.size(0), "windows of {} in shape {}", width,
            vector.shape());
  // One step down and one step to the right both lead to the next element.
  return vector.view({vector.size(0) - width + 1, width}, {1, 1}, vector.offset());
}

}  // namespace gpt
