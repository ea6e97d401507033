#include "exercises/08_gpu_training/training_memory.hpp"

namespace gpt {

int64_t parameter_count(const MemoryShape& shape) {
  const int64_t C = shape.channels;
  const int64_t layer = 2 * 2 * C + (3 * C * C + 3 * C) + (C * C + C) + (4 * C * C + 4 * C) + (4 * C * C + C);
  return shape.vocabulary * C + shape.context * C + shape.layers * layer + 2 * C;
}

int64_t state_bytes(const MemoryShape& shape) {
  return parameter_count(shape) * (4 + 4 + 4 + 4 + (shape.bf16 ? 2 : 0));
}

int64_t activation_bytes(const MemoryShape& shape) {
  const int64_t rows = shape.batch * shape.context, number = shape.bf16 ? 2 : 4;
  return rows * (shape.layers * 17 * shape.channels * number + shape.vocabulary * 4);
}

}  // namespace gpt
