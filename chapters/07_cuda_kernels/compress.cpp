#include "07_cuda_kernels/compress.hpp"

#include "01_tensors/philox.hpp"

namespace gpt {

RoundingKey rounding_key(uint64_t seed, uint64_t step, uint64_t site) {
  return {.key = seed * 0x9E3779B97F4A7C15 + static_cast<uint64_t>(RandomUse::rounding),
          .high = step << 16 | site};
}

}  // namespace gpt
