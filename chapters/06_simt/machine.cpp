#include "06_simt/machine.hpp"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "06_simt/block.hpp"
#include "06_simt/launching.hpp"
#include "06_simt/streams.hpp"
#include "06_simt/workers.hpp"
#include "common/check.hpp"

namespace gpt::simt {
namespace {

Options options_of_the_environment() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  Options options{.workers = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 16u))};
  if (const std::string workers = variable("SIMT_WORKERS"); !workers.empty()) {
    options.workers = std::atoi(workers.c_str());
    GPT_REQUIRE(options.workers >= 1 && options.workers <= 256,
                "SIMT_WORKERS is a number from 1 to 256, not {}", workers);
  }
  const std::string order = variable("SIMT_ORDER");
  GPT_REQUIRE(order.empty() || order == "forward" || order == "reverse" || order == "random",
              "SIMT_ORDER is forward, reverse or random, not {}", order);
  if (order == "reverse") options.order = Order::reverse;
  if (order == "random") options.order = Order::random;
  if (const std::string memory = variable("SIMT_MEMORY"); !memory.empty()) {
    const int megabytes = std::atoi(memory.c_str());
    GPT_REQUIRE(megabytes >= 1, "SIMT_MEMORY is a number of megabytes, not {}", memory);
    options.memory = static_cast<size_t>(megabytes) << 20;
  }
  return options;
}

std::optional<Options>& options_of_this_thread() {
  static thread_local std::optional<Options> options;
  if (!options) options = options_of_the_environment();
  return options;
}

}  // namespace

Options current_options() {
  return *options_of_this_thread();
}

ScopedOptions::ScopedOptions(Options options) : before_(current_options()) {
  GPT_CHECK(options.workers >= 1, "{} workers", options.workers);
  options_of_this_thread() = options;
}
ScopedOptions::~ScopedOptions() {
  options_of_this_thread() = before_;
}

namespace detail {
namespace {

/// In which order the blocks of a grid begin.
class BlockOrder {
 public:
  BlockOrder(size_t blocks, Options options) : blocks_(blocks), reversed_(options.order == Order::reverse) {
    if (options.order != Order::random) return;
    shuffled_.resize(blocks);
    std::iota(shuffled_.begin(), shuffled_.end(), 0u);
    std::shuffle(shuffled_.begin(), shuffled_.end(), std::mt19937(options.seed));
  }
  unsigned operator[](size_t i) const {
    if (!shuffled_.empty()) return shuffled_[i];
    return static_cast<unsigned>(reversed_ ? blocks_ - 1 - i : i);
  }

 private:
  size_t blocks_;
  bool reversed_;
  std::vector<unsigned> shuffled_;
};

Workers& workers() {
  static Workers workers;
  return workers;
}

}  // namespace

// [run]
void run_blocks(const Launch& launch) {
  const auto [grid, block, shared_bytes, stream] = launch.config;
  const size_t threads = size_t{block.x} * block.y * block.z, blocks = size_t{grid.x} * grid.y * grid.z;
  GPT_CHECK(threads >= 1 && threads <= 1024 && block.z <= 64, "kernel {}: a block of ({}, {}, {}) threads",
            launch.kernel, block.x, block.y, block.z);
  GPT_CHECK(blocks >= 1 && grid.x <= 0x7fffffff && grid.y <= 65535 && grid.z <= 65535,
            "kernel {}: a grid of ({}, {}, {}) blocks", launch.kernel, grid.x, grid.y, grid.z);
  GPT_CHECK(shared_bytes <= size_t{227} * 1024, "kernel {}: {} bytes of dynamic shared memory", launch.kernel,
            shared_bytes);
  GPT_CHECK(!now.block, "kernel {} is launched by a kernel", launch.kernel);

  const BlockOrder order(blocks, launch.options);
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr mistake;  // the first one
  const auto job = [&] {
    static thread_local Block machine;  // keeps its fibers from launch to launch
    try {
      for (size_t i = next++; i < blocks; i = next++) machine.run(launch, order[i]);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!mistake) mistake = std::current_exception();
      next = blocks;
    }
  };
  const auto count = static_cast<int>(std::min<size_t>(static_cast<size_t>(launch.options.workers), blocks));
  if (count > 1) {
    workers().run(count, job);
  } else {
    job();
  }
  if (mistake) std::rethrow_exception(mistake);
}
// [/run]

void run(const LaunchConfig& config, std::string_view kernel, Body body, const void* arguments,
         size_t bytes) {
  if (capturing(config.stream)) return capture_launch(run, config, kernel, body, arguments, bytes);
  Options options = current_options();
#ifdef SIMT_ADDRESS_SANITIZER
  options.workers = 1;  // __shared__ is one variable for all: one block at a time, whoever launches it
  static std::recursive_mutex machine;
  const std::lock_guard alone(machine);
#endif
  run_blocks({config, kernel, body, arguments, options});
}

int barrier(bool predicate, Where where) {
  return now.block->barrier(predicate, where);
}

void* dynamic_shared() {
  return now.block->dynamic_shared();
}

void fence() {
  static thread_local std::atomic<int> any;  // g++ has no plain fence in builds with ThreadSanitizer
  any.exchange(0, std::memory_order_seq_cst);
}

uint64_t warp_collective(unsigned mask, uint64_t value, uint64_t argument, const char* name, Finish finish,
                         Where where) {
  return now.block->warp_collective(mask, value, argument, name, finish, where);
}

void warp_barrier(unsigned mask, Where where) {
  const Finish finish = [](WarpExchange& exchange) {
    Observer* observer = now.block->launch().observer;
    if (observer) observer->warp_barrier(static_cast<int>(now.thread / 32), exchange.mask);
  };
  now.block->warp_collective(mask, 0, 0, "__syncwarp", finish, where);
}

void fail_inactive_source(int lane, int source) {
  now.block->blame_inactive_source(lane, source);
  now.block->abandon();
}

void fail_at(Where where, const char* why) {
  now.block->blame(fmt::format("{}: {}", to_string(where), why));
  now.block->abandon();
}

void announce_atomic(const void* address, size_t bytes, Where where) {
  if (Observer* observer = now.block->launch().observer) observer->atomic(address, bytes, where);
}

}  // namespace detail
}  // namespace gpt::simt
