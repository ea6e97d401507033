#include "07_cuda_kernels/attention.hpp"

#include "07_cuda_kernels/attention_kernels.hpp"

namespace gpt::KERNEL_SPACE {

void attention_forward(DType type, void* y, float* lse, const void* qkv, const AttentionShape& shape,
                       const Dropout& dropout, void* scratch, int rung, Stream stream) {
  if (shape.batch * shape.heads * shape.queries() == 0) return;
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    const AttentionForward<T> pass{static_cast<T*>(y), lse, static_cast<const T*>(qkv), shape, dropout};
    const int which = attention_rung_for(shape, sizeof(T) == 2 && bf16_on_tensor_cores(), rung);
    if (which == 0) return plain_forward(pass, static_cast<float*>(scratch), stream);
    require(aligned(qkv, y), "attention's tiles want arrays that begin at multiples of 16 bytes");
    if constexpr (sizeof(T) == 2)
      if (which == 2) return cores_forward(pass, stream);
    tiles_forward(pass, stream);
  });
}

void attention_backward(DType type, void* d_qkv, const void* dy, const void* y, const float* lse,
                        const void* qkv, const AttentionShape& shape, const Dropout& dropout, void* scratch,
                        int rung, Stream stream) {
  require(shape.first_query == 0, "attention's backward pass is over all queries");
  if (shape.batch * shape.heads * shape.positions == 0) return;
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    const AttentionBackward<T> pass{static_cast<T*>(d_qkv),
                                    static_cast<const T*>(dy),
                                    static_cast<const T*>(y),
                                    lse,
                                    static_cast<const T*>(qkv),
                                    shape,
                                    dropout};
    const int which = attention_rung_for(shape, sizeof(T) == 2 && bf16_on_tensor_cores(), rung);
    if (which == 0) return plain_backward(pass, static_cast<float*>(scratch), stream);
    require(aligned(qkv, dy, d_qkv), "attention's tiles want arrays that begin at multiples of 16 bytes");
    if constexpr (sizeof(T) == 2)
      if (which == 2) return cores_backward(pass, static_cast<float*>(scratch), stream);
    tiles_backward(pass, static_cast<float*>(scratch), stream);
  });
}

}  // namespace gpt::KERNEL_SPACE
