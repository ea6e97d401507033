#pragma once
// Working memory of one thread.

#include "01_tensors/tensor.hpp"

namespace gpt::cpu {

/// One thread's working memory, cut into parts. All zeros at first, so that what pads a tile stays zero;
/// unless all of it is written before it is read: zeros cost a pass over the memory, too.
class Scratch {
 public:
  explicit Scratch(int64_t floats, bool zeros = true)
      : memory_(zeros ? Tensor::zeros({floats}) : Tensor({floats})) {}
  /// The next `count` numbers; whole cache lines when count is a multiple of 32.
  template <class Number = float>
  Number* take(int64_t count) {
    float* part = memory_.data<float>() + used_;
    used_ += count * static_cast<int64_t>(sizeof(Number)) / static_cast<int64_t>(sizeof(float));
    GPT_CHECK(used_ <= memory_.elements(), "scratch of {} floats", memory_.elements());
    return reinterpret_cast<Number*>(part);
  }

 private:
  Tensor memory_;
  int64_t used_ = 0;
};

}  // namespace gpt::cpu
