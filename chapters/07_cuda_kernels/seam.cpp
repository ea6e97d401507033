#include "07_cuda_kernels/seam.hpp"

#include "05_gpt/backend.hpp"
#include "common/check.hpp"

namespace gpt {

bool is_bf16(DType type) {
  GPT_CHECK(type == DType::f32 || type == DType::bf16, "kernels take f32 or bf16, not {}", type);
  return type == DType::bf16;
}

void require(bool holds, const char* what) {
  GPT_CHECK(holds, "{}", what);
}

DropoutKey dropout_key(const Dropout& dropout) {
  return {.key = dropout.seed * 0x9E3779B97F4A7C15 + static_cast<uint64_t>(RandomUse::dropout),
          .high = dropout.step << 16 | dropout.site,
          .first_sample = static_cast<uint64_t>(dropout.first_sample),
          .probability = dropout.probability,
          .kept = 1.0f / (1.0f - dropout.probability)};
}

}  // namespace gpt
