// Says: How long is a row of the result?
#include "exercises/01_tensors/tiled_transpose.hpp"

#include <algorithm>

namespace gpt {

Tensor tiled_transpose(const Tensor& matrix, int64_t tile) {
  const int64_t m = matrix.size(0), n = matrix.size(1);
  const Tensor room({(m + n) * (m + n)});
  const Tensor result = room.slice(0, 0, n * m).reshape({n, m});
  const float* from = matrix.data<float>();
  float* to = result.data<float>();
  for (int64_t i0 = 0; i0 < m; i0 += tile)
    for (int64_t j0 = 0; j0 < n; j0 += tile)
      for (int64_t j = j0; j < std::min(j0 + tile, n); ++j)
        for (int64_t i = i0; i < std::min(i0 + tile, m); ++i) to[j * n + i] = from[i * n + j];
  return result;
}

}  // namespace gpt
