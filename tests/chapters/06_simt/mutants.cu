// Each mistake is marked: `// <- name` stands on the line that the report must name, `// <= name` on the
// second one where there is such.

#include "mutants.hpp"

#include <cstring>
#include <vector>

#include "06_simt/device_array.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr unsigned all_lanes = 0xffffffff;

__global__ void barrier_removed(const float* x, float* out) {
  __shared__ float tile[64];
  const int t = threadIdx.x;
  tile[t] = x[t];         // <= barrier_removed
  out[t] = tile[63 - t];  // <- barrier_removed
}

__global__ void second_barrier_removed(const float* x, float* out) {
  __shared__ float tile[64];
  const int t = threadIdx.x;
  float total = 0;
  for (int round = 0; round < 2; ++round) {
    tile[t] = x[t] + round;  // <- second_barrier_removed
    __syncthreads();
    total += tile[63 - t];  // <= second_barrier_removed
  }
  out[t] = total;
}

__global__ void sum_not_shared(const float* x, float* out) {
  __shared__ float total;
  if (threadIdx.x == 0) total = x[0];  // <- sum_not_shared
  out[threadIdx.x] = total;            // <= sum_not_shared
  __syncthreads();
}

__global__ void past_the_end(int n, float* out) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= n) out[i] = 1;  // <- past_the_end
}

__global__ void before_the_start(const float* x, float* out) {
  const int i = threadIdx.x;
  out[i] = x[i] - x[i - 1];  // <- before_the_start
}

__global__ void past_shared(float* out) {
  SIMT_DYNAMIC_SHARED(float, tile);
  tile[threadIdx.x + 1] = 1;  // <- past_shared
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x + 1];
}

__global__ void divergent_barrier(float* out) {
  if (threadIdx.x < 32) {
    out[threadIdx.x] = 1;
    __syncthreads();  // <- divergent_barrier
  } else {
    __syncthreads();  // <= divergent_barrier
  }
}

__global__ void early_return(int n, float* out) {
  if (static_cast<int>(threadIdx.x) >= n) return;
  __syncthreads();  // <- early_return
  out[threadIdx.x] = 1;
}

__global__ void barrier_against_shuffle(float* out) {
  if (threadIdx.x < 16) {
    __syncthreads();  // <- barrier_against_shuffle
  } else {
    out[0] = __shfl_xor_sync(all_lanes, 1.0f, 1);  // <= barrier_against_shuffle
  }
}

__global__ void shuffle_from_returned_lane(float* out) {
  if (threadIdx.x >= 20) return;
  out[threadIdx.x] = __shfl_down_sync(all_lanes, 1.0f, 8);  // <- shuffle_from_returned_lane
}

__global__ void shuffle_from_outside_mask(float* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0xffff, 1.0f, 20);  // <- shuffle_from_outside_mask
}

__global__ void not_in_own_mask(float* out) {
  out[threadIdx.x] = __shfl_sync(0xffff, 1.0f, 0);  // <- not_in_own_mask
}

__global__ void different_collectives(float* out) {
  if (threadIdx.x % 2) {
    out[0] = __shfl_sync(all_lanes, 1.0f, 0);  // <- different_collectives
  } else {
    out[1] = static_cast<float>(__ballot_sync(all_lanes, 1));  // <= different_collectives
  }
}

__global__ void syncwarp_removed(const float* x, float* out) {
  __shared__ float values[32];
  const int t = threadIdx.x;
  values[t] = x[t];                         // <= syncwarp_removed
  if (t < 16) values[t] += values[t + 16];  // <- syncwarp_removed
  __syncwarp();
  out[t] = values[0];
}

__global__ void syncwarp_of_half(const float* x, float* out) {
  __shared__ float values[32];
  const int t = threadIdx.x;
  values[t] = x[t];  // <= syncwarp_of_half
  __syncwarp(t < 16 ? 0x0000ffff : 0xffff0000);
  out[t] = values[31 - t];  // <- syncwarp_of_half
}

__global__ void unset_shared(float* out) {
  __shared__ float values[64];
  if (threadIdx.x < 63) values[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x];  // <- unset_shared
}

__global__ void unset_half_word(float* out) {
  __shared__ short values[64];
  if (threadIdx.x % 2 == 0) values[threadIdx.x] = 1;
  __syncwarp();
  out[threadIdx.x] = values[threadIdx.x];  // <- unset_half_word
}

__global__ void host_pointer(const float* x, float* out) {
  out[threadIdx.x] = x[threadIdx.x];  // <- host_pointer
}

__global__ void no_atomic(float* out) {
  *out += 1;  // <- no_atomic
}

__global__ void no_atomic_between_blocks(float* out) {
  if (threadIdx.x == 0) *out += 1;  // <- no_atomic_between_blocks
}

__global__ void atomic_against_plain(float* out) {
  if (threadIdx.x == 0) *out = 0;  // <= atomic_against_plain
  atomicAdd(out, 1.0f);            // <- atomic_against_plain
}

// Two threads of one warp write the two halves of a word: no race. Two write the same half: a race.
__global__ void same_half_word(short* out) {
  out[threadIdx.x % 31] = 1;  // <- same_half_word
}

}  // namespace

void launch_mutant(const char* wanted) {
  const std::vector<float> host(64, 1.0f);
  const simt::DeviceArray<float> x(host), out(64);
  const float* in = x.data();
  float* to = out.data();
  const auto is = [&](const char* name) { return std::strcmp(name, wanted) == 0; };
  using simt::launch;
  if (is("barrier_removed")) launch<barrier_removed>({1, 64}, in, to);
  if (is("second_barrier_removed")) launch<second_barrier_removed>({1, 64}, in, to);
  if (is("sum_not_shared")) launch<sum_not_shared>({1, 64}, in, to);
  if (is("past_the_end")) launch<past_the_end>({3, 32}, 64, to);
  if (is("before_the_start")) launch<before_the_start>({1, 64}, in, to);
  if (is("past_shared")) launch<past_shared>({1, 64, 64 * sizeof(float)}, to);
  if (is("divergent_barrier")) launch<divergent_barrier>({1, 64}, to);
  if (is("early_return")) launch<early_return>({1, 64}, 40, to);
  if (is("barrier_against_shuffle")) launch<barrier_against_shuffle>({1, 32}, to);
  if (is("shuffle_from_returned_lane")) launch<shuffle_from_returned_lane>({1, 32}, to);
  if (is("shuffle_from_outside_mask")) launch<shuffle_from_outside_mask>({1, 32}, to);
  if (is("not_in_own_mask")) launch<not_in_own_mask>({1, 32}, to);
  if (is("different_collectives")) launch<different_collectives>({1, 32}, to);
  if (is("syncwarp_removed")) launch<syncwarp_removed>({1, 32}, in, to);
  if (is("syncwarp_of_half")) launch<syncwarp_of_half>({1, 32}, in, to);
  if (is("unset_shared")) launch<unset_shared>({1, 64}, to);
  if (is("unset_half_word")) launch<unset_half_word>({1, 32}, to);
  if (is("host_pointer")) launch<host_pointer>({1, 64}, host.data(), to);
  if (is("no_atomic")) launch<no_atomic>({1, 2}, to);
  if (is("no_atomic_between_blocks")) launch<no_atomic_between_blocks>({2, 32}, to);
  if (is("atomic_against_plain")) launch<atomic_against_plain>({1, 64}, to);
  if (is("same_half_word")) launch<same_half_word>({1, 32}, reinterpret_cast<short*>(to));
}

}  // namespace gpt::KERNEL_SPACE
