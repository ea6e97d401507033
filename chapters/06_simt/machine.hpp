#pragma once
// The SIMT machine as a kernel and its launcher see it.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "06_simt/kernel_space.hpp"
#include "06_simt/names.hpp"

namespace gpt::simt {

/// The grid and the blocks of a launch, as in kernel<<<grid, block, shared_bytes, stream>>>.
struct LaunchConfig {
  dim3 grid, block;
  size_t shared_bytes = 0;        ///< for SIMT_DYNAMIC_SHARED
  cudaStream_t stream = nullptr;  ///< kernels run one after the other here, whatever the stream
};

// [options]
/// In which order the threads of a block begin, and the blocks of a grid. A right kernel gives the same in
/// each.
enum class Order { forward, reverse, random };

/// How kernels are run.
struct Options {
  int workers = 1;  ///< threads of the system, each with blocks of its own
  Order order = Order::forward;
  unsigned seed = 1;                ///< of the random order
  size_t memory = size_t{1} << 38;  ///< bytes of device memory: 256 GB, more than any GPU has
};

/// What holds for the launches of this thread: the environment's SIMT_WORKERS (or as many as there are
/// processors), SIMT_ORDER (forward, reverse or random) and SIMT_MEMORY (megabytes), unless a ScopedOptions
/// lives. Throws UserError if they make no sense.
Options current_options();

/// Other options, for the launches of this thread, as long as it lives.
class ScopedOptions {
 public:
  explicit ScopedOptions(Options options);
  ~ScopedOptions();
  ScopedOptions(const ScopedOptions&) = delete;
  ScopedOptions& operator=(const ScopedOptions&) = delete;

 private:
  Options before_;
};
// [/options]

namespace detail {

/// A line of a kernel. As a default argument, here() is the line of the call.
struct Where {
  const char* file = nullptr;
  int line = 0;
};
constexpr Where here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return {file, line};
}

/// The last parameter of what a kernel calls: its line.
#define SIMT_HERE ::gpt::simt::detail::Where where = ::gpt::simt::detail::here()

/// Waits until all threads of the block are here. Returns how many of them passed true.
int barrier(bool predicate, Where where);
void* dynamic_shared();
void fence();

// [exchange]
/// What the lanes of a warp bring to an operation that they do together, and take from it.
struct WarpExchange {
  unsigned mask = 0;  // the lanes that take part
  uint64_t value[32], argument[32], result[32];

  template <class F>
  void for_each_lane(F f) {
    for (unsigned rest = mask; rest; rest &= rest - 1) f(std::countr_zero(rest));
  }
};
// [/exchange]
using Finish = void (*)(WarpExchange&);

/// Leaves `value` and `argument`, and waits until all lanes in `mask` have done so. The last one to come
/// calls `finish`, once for all. Returns this lane's result. `name` is what the kernel called.
uint64_t warp_collective(unsigned mask, uint64_t value, uint64_t argument, const char* name, Finish finish,
                         Where where);
/// The same for __syncwarp, which alone orders what the lanes do to memory.
void warp_barrier(unsigned mask, Where where);
/// Ends the launch: `lane` wants the value of a lane that is not there. Only a Finish calls it.
[[noreturn]] void fail_inactive_source(int lane, int source);
/// Ends the launch: what the running thread does at `where` is not allowed.
[[noreturn]] void fail_at(Where where, const char* why);
/// Said before an atomic operation, which races with no other such.
void announce_atomic(const void* address, size_t bytes, Where where);

/// Calls the kernel with its arguments, in the thread that runs.
using Body = void (*)(const void* arguments);
/// Runs all blocks of a grid. Throws Error for what the kernel does wrong. The arguments are `bytes` bytes
/// that can be copied as such.
void run(const LaunchConfig& config, std::string_view kernel, Body body, const void* arguments, size_t bytes);
/// The same, watching every access to memory (checker.hpp).
void run_checked(const LaunchConfig& config, std::string_view kernel, Body body, const void* arguments,
                 size_t bytes);

/// "… launch(…) [with auto Kernel = gpt::emulated::saxpy; …]" → "saxpy".
constexpr std::string_view kernel_name(std::string_view pretty) {
  const size_t begin = pretty.find("Kernel = ");
  if (begin == pretty.npos) return pretty;
  std::string_view name = pretty.substr(begin + 9);
  name = name.substr(0, std::min(name.find(';'), name.find(", Args")));
  if (name.ends_with(']')) name.remove_suffix(1);
  if (name.starts_with('&')) name.remove_prefix(1);
  return name.substr(name.rfind(':', name.find('<')) + 1);
}

}  // namespace detail
}  // namespace gpt::simt
