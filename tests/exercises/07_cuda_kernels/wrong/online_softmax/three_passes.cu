// Says: find maximum and sum in one
#include "exercises/07_cuda_kernels/online_softmax.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int warps = 4;  // a block

__global__ void online_softmax_kernel(float* y, const float* x, int64_t rows, int64_t columns) {
  const int lane = threadIdx.x % 32;
  const int64_t row = int64_t{warps} * blockIdx.x + threadIdx.x / 32;
  if (row >= rows) return;
  float largest = -INFINITY,
        sum = 0.0f;  // of what this lane has seen: the maximum, and the sum of e^(x - largest)
  for (int64_t j = lane; j < columns; j += 32) largest = fmaxf(largest, x[row * columns + j]);
  for (int64_t j = lane; j < columns; j += 32) sum += expf(x[row * columns + j] - largest);
  for (int distance = 16; distance > 0; distance /= 2) {
    const float theirs = __shfl_xor_sync(0xffffffff, largest, distance);
    const float their_sum = __shfl_xor_sync(0xffffffff, sum, distance);
    const float both = fmaxf(largest, theirs);
    // A lane that has seen nothing has the sum 0, and -inf - -inf is not a number.
    sum = (sum > 0.0f ? sum * expf(largest - both) : 0.0f) +
          (their_sum > 0.0f ? their_sum * expf(theirs - both) : 0.0f);
    largest = both;
  }
  for (int64_t j = lane; j < columns; j += 32)
    y[row * columns + j] = expf(x[row * columns + j] - largest) / sum;
}

}  // namespace

void online_softmax(float* y, const float* x, int64_t rows, int64_t columns) {
  const auto blocks = static_cast<unsigned>((rows + warps - 1) / warps);
  if (blocks > 0) simt::launch<online_softmax_kernel>({blocks, 32 * warps}, y, x, rows, columns);
}

}  // namespace gpt::KERNEL_SPACE
