// The machine itself: fibers, workers, options, device memory and the configuration of launches.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>

#include "06_simt/bf16.hpp"
#include "06_simt/demos.hpp"
#include "06_simt/device_array.hpp"
#include "06_simt/fiber.hpp"
#include "06_simt/workers.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

using simt::DeviceArray;
using simt::Fiber;
using simt::Order;
using testing::ElementsAre;
using testing::HasSubstr;

std::string message(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

struct PingPong {
  Fiber outside;
  std::unique_ptr<Fiber> inside;
  std::vector<int> log;
};
PingPong* game = nullptr;

TEST(Fibers, KeepTheirVariablesWhileOthersRun) {
  PingPong mine;
  game = &mine;
  mine.inside = std::make_unique<Fiber>(0, [] {
    game->inside->entered();
    for (int round = 1;; ++round) {
      const double local = round * 1.5;  // in a register, perhaps
      game->log.push_back(round);
      game->inside->switch_to(game->outside);
      if (local != round * 1.5) std::abort();
    }
  });
  for (int round = 0; round < 3; ++round) {
    mine.outside.switch_to(*mine.inside);
    mine.log.push_back(-round);
  }
  EXPECT_THAT(mine.log, ElementsAre(1, 0, 2, -1, 3, -2));
}

TEST(Workers, RunTheJobOnSeveralThreadsAgainAndAgain) {
  simt::detail::Workers workers;
  for (const int count : {1, 4, 2, 4}) {
    std::atomic<int> next = 0, done = 0;
    workers.run(count, [&] {
      while (next++ < 1000) ++done;
    });
    EXPECT_EQ(done, 1000);
  }
}

TEST(Barrier, LetsNobodyThroughBeforeAllAreThere) {
  const int threads = 100;
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    const simt::ScopedOptions scoped({.order = order});
    const DeviceArray<int> log(2 * threads), length(std::vector<int>{0});
    emulated::log_barrier(threads, log.data(), length.data());
    std::vector<int> entries = log.host();
    for (int i = 0; i < 2 * threads; ++i) EXPECT_EQ(entries[i] >= 100, i >= threads) << i;
    std::sort(entries.begin(), entries.end());
    for (int i = 0; i < 2 * threads; ++i) EXPECT_EQ(entries[i], i);
  }
}

TEST(Options, OrderDecidesWhoBegins) {
  const DeviceArray<int> log(8), length(std::vector<int>{0});
  const simt::ScopedOptions scoped({.order = Order::reverse});
  emulated::log_barrier(4, log.data(), length.data());
  EXPECT_THAT(log.host(), ElementsAre(3, 2, 1, 0, 100, 103, 102, 101));
}

TEST(Options, AreBackWhenTheScopeEnds) {
  const simt::Options before = simt::current_options();
  {
    const simt::ScopedOptions outer({.workers = 7, .order = Order::random});
    const simt::ScopedOptions inner({.workers = 5});
    EXPECT_EQ(simt::current_options().workers, 5);
  }
  EXPECT_EQ(simt::current_options().workers, before.workers);
  EXPECT_EQ(simt::current_options().order, before.order);
}

TEST(Launch, RefusesImpossibleConfigurations) {
  const auto launch = [](int blocks, int threads) {
    return message([=] { emulated::number_threads(blocks, threads, 0, nullptr); });
  };
  EXPECT_THAT(launch(1, 1025), HasSubstr("a block of (1025, 1, 1) threads"));
  EXPECT_THAT(launch(1, 0), HasSubstr("a block of (0, 1, 1) threads"));
  EXPECT_THAT(launch(0, 32), HasSubstr("a grid of (0, 1, 1) blocks"));
  EXPECT_THAT(launch(1, 1024), HasSubstr("no error"));
}

TEST(KernelName, IsWhatThePersonWrote) {
  using simt::detail::kernel_name;
  EXPECT_EQ(kernel_name("void launch() [with auto Kernel = gpt::emulated::{anonymous}::add; Args = {int}]"),
            "add");
  EXPECT_EQ(kernel_name("void launch() [with auto Kernel = gpt::sum<4, true>; Args = {}]"), "sum<4, true>");
  EXPECT_EQ(kernel_name("void launch() [Kernel = &gpt::emulated::(anonymous namespace)::add, Args = <>]"),
            "add");
  EXPECT_EQ(kernel_name("void launch() [Kernel = &add]"), "add");
}

TEST(DeviceMemory, BeginsAsNaN) {
  const DeviceArray<float> x(3);
  for (const float value : x.host()) EXPECT_TRUE(std::isnan(value));
}

TEST(DeviceMemory, CopiesOnlyWhereTheDirectionSays) {
  float host[4] = {};
  const DeviceArray<float> x(4);
  EXPECT_THAT(message([&] { cudaMemcpy(host, x.data(), 16, cudaMemcpyHostToDevice); }),
              HasSubstr("cudaMemcpy to"));
  EXPECT_THAT(message([&] { cudaMemcpy(x.data(), host, 20, cudaMemcpyHostToDevice); }),
              HasSubstr("not 20 bytes"));
  EXPECT_THAT(message([&] { cudaMemcpy(host, x.data() + 1, 16, cudaMemcpyDeviceToHost); }),
              HasSubstr("not 16 bytes"));
  EXPECT_THAT(message([&] { cudaMemcpy(x.data(), x.data(), 16, cudaMemcpyDeviceToHost); }),
              HasSubstr("host's is due"));
  EXPECT_THAT(message([&] { cudaMemset(host, 0, 16); }), HasSubstr("cudaMemset"));
  EXPECT_EQ(cudaFree(host), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
}

TEST(DeviceMemory, RunsOut) {
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, size_t{1} << 60), cudaErrorMemoryAllocation);
  EXPECT_THAT(message([] { simt::check(cudaErrorMemoryAllocation, "cudaMalloc of the world"); }),
              HasSubstr("cudaMalloc of the world: out of memory"));
}

}  // namespace
}  // namespace gpt
