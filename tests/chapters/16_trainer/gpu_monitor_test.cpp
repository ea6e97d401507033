// What a GPU's driver says, by a library in the place of the driver's; and that nothing happens without it.
#include "16_trainer/gpu_monitor.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>

#include "standin_nvml.hpp"

namespace gpt {
namespace {

constexpr const char* bus_id = "0000:3B:00.0";
constexpr GpuMonitor::Clock::duration no_pause{};

/// Of the library that the monitor will load: a file is loaded once.
StandinNvml& fresh_standin() {
  void* const file = ::dlopen(STANDIN_NVML, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(file, nullptr) << ::dlerror();
  StandinNvml& standin = *reinterpret_cast<decltype(&standin_nvml)>(::dlsym(file, "standin_nvml"))();
  standin = {};
  return standin;
}

TEST(GpuMonitor, SaysWhatTheDriverSays) {
  StandinNvml& standin = fresh_standin();
  {
    GpuMonitor monitor(bus_id, STANDIN_NVML, no_pause);
    EXPECT_EQ(standin.bus_id, bus_id);
    EXPECT_EQ(monitor.ask(), (GpuUse{97.0, 80123.456789}));
    standin.percent = 0;
    EXPECT_EQ(monitor.ask().utilization, 0.0) << "an idle GPU is not an unknown one";
    EXPECT_EQ(standin.running, 1);
  }
  EXPECT_EQ(standin.running, 0);
}

TEST(GpuMonitor, AsksOnceInAPause) {
  StandinNvml& standin = fresh_standin();
  GpuMonitor monitor(bus_id, STANDIN_NVML, std::chrono::hours(1));
  const GpuUse first = monitor.ask();
  standin.percent = 50;
  EXPECT_EQ(monitor.ask(), first);
  EXPECT_EQ(standin.questions, 1);
}

TEST(GpuMonitor, LeavesOutWhatTheDriverDoesNotSay) {
  StandinNvml& standin = fresh_standin();
  GpuMonitor monitor(bus_id, STANDIN_NVML, no_pause);
  monitor.ask();
  standin.utilization = 3;  // not supported
  EXPECT_EQ(monitor.ask(), (GpuUse{std::nullopt, 80123.456789}));
  standin.memory = 15;  // the GPU is lost
  EXPECT_EQ(monitor.ask(), GpuUse{}) << "what it said before is no answer";
  standin.utilization = standin.memory = 0;
  EXPECT_EQ(monitor.ask(), (GpuUse{97.0, 80123.456789}));
}

TEST(GpuMonitor, SaysNothingWhereThereIsNobodyToAsk) {
  StandinNvml& standin = fresh_standin();
  EXPECT_EQ(GpuMonitor("", STANDIN_NVML, no_pause).ask(), GpuUse{}) << "no GPU";
  EXPECT_EQ(GpuMonitor(bus_id, "/no/such/library.so", no_pause).ask(), GpuUse{});
  EXPECT_EQ(GpuMonitor(bus_id, STANDIN_NVML_WITHOUT_MEMORY, no_pause).ask(), GpuUse{})
      << "a function is missing";
  standin.find = 6;
  EXPECT_EQ(GpuMonitor(bus_id, STANDIN_NVML, no_pause).ask(), GpuUse{}) << "no such device";
  EXPECT_EQ(standin.bus_id, bus_id);
  standin.init = 9;
  EXPECT_EQ(GpuMonitor(bus_id, STANDIN_NVML, no_pause).ask(), GpuUse{}) << "no driver";
  EXPECT_EQ(standin.questions, 0);
  EXPECT_EQ(standin.running, 0) << "what could not be begun is not ended, and the rest is";
}

}  // namespace
}  // namespace gpt
