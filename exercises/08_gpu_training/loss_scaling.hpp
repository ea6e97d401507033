#pragma once

#include <cstdint>

namespace gpt {

/// Dynamic loss scaling (Micikevicius and others, 2018, section 3.2), for gradients in fp16, whose smallest
/// number is 6e-8: the loss is multiplied by scale() before the backward pass, so that small gradients do not
/// become 0, and the gradients are divided by it before the step. A scale that is too large makes gradients
/// infinite: that step is skipped. Order of calls: scale(), backward, update().
class LossScaler {
 public:
  /// After `patience` good steps in a row the scale doubles, up to 2^24. patience >= 1.
  explicit LossScaler(double first_scale = 65536.0, int64_t patience = 2000);

  double scale() const { return scale_; }
  /// `finite`: were all gradients of this step finite, on all ranks? Returns whether the optimizer takes the
  /// step. After a step that is not taken the scale is half of what it was, but not less than 1.
  bool update(bool finite);

 private:
  double scale_;
  int64_t patience_;
  int64_t good_ = 0;  // steps in a row
};

}  // namespace gpt
