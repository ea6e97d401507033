// The chapter's program: what its lesson shows.

#include <numeric>

#include "06_simt/checker.hpp"
#include "06_simt/demos.hpp"
#include "06_simt/device_array.hpp"
#include "06_simt/speed.hpp"
#include "common/chapter_program.hpp"
#include "common/check.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

using simt::AccessProfile;
using simt::AccessSite;
using simt::DeviceArray;

void show_launch() {
  const int blocks = 3, threads = 8, n = 20;
  // [launch]
  const DeviceArray<int> out(std::vector<int>(24, -1));
  emulated::number_threads(blocks, threads, n, out.data());
  const std::vector<int> written = out.host();
  // [/launch]
  fmt::print("{} blocks of {} threads for {} elements: thread t of block b has the index i = {} b + t.\n\n",
             blocks, threads, n, threads);
  Table table({{"block"}, {"t = 0"}, {"1"}, {"2"}, {"3"}, {"4"}, {"5"}, {"6"}, {"7"}});
  const auto cell = [&](int b, int t) {
    const int i = b * threads + t;
    return written[i] == 100 * b + t ? fmt::format("i = {}", i) : fmt::format("({})", i);
  };
  for (int b = 0; b < blocks; ++b)
    table.row(std::to_string(b), cell(b, 0), cell(b, 1), cell(b, 2), cell(b, 3), cell(b, 4), cell(b, 5),
              cell(b, 6), cell(b, 7));
  fmt::print(
      "{}\nThe indices in brackets are outside: their threads run, and the kernel's `if` stops them.\n",
      table.text());
}

void show_fibers() {
  const int threads = 5;
  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random}) {
    const simt::ScopedOptions scoped({.order = order});
    const DeviceArray<int> log(2 * threads), length(std::vector<int>{0});
    emulated::log_barrier(threads, log.data(), length.data());
    std::string line;
    for (const int entry : log.host())
      line += entry < 100 ? fmt::format("  {} waits", entry) : fmt::format("  {} goes", entry - 100);
    constexpr const char* names[] = {"forward", "reverse", "random"};
    fmt::print("{:8}{}\n", names[static_cast<int>(order)], line);
  }
  fmt::print("\nThe last to arrive opens the barrier and goes on first; the others follow in their order.\n");
}

void show_warp() {
  std::vector<int> numbers(32);
  std::iota(numbers.begin(), numbers.end(), 1);
  const DeviceArray<int> x(numbers), out(6 * 32);
  emulated::butterfly(x.data(), out.data());
  const std::vector<int> rows = out.host();
  fmt::print(
      "What lanes 0 to 15 of 32 hold; each adds what its partner holds, so in the end all have 1 + … + "
      "32.\n\n");
  for (int row = 0; row < 6; ++row) {
    fmt::print("{:15}", row == 0 ? "" : fmt::format("partner ^ {}", 1 << (row - 1)));
    for (int lane = 0; lane < 16; ++lane) fmt::print("{:5}", rows[row * 32 + lane]);
    fmt::print("\n");
  }
}

#if GPT_CHECKED_KERNELS
std::string_view kind(const AccessSite& site) {
  return site.write ? "store" : "load";
}

double per_request(uint64_t count, const AccessSite& site) {
  return static_cast<double>(count) / static_cast<double>(site.requests);
}

void show_divergence() {
  const int n = 256;
  const DeviceArray<float> x(std::vector<float>(n, 1.0f)), out(n);
  const DeviceArray<unsigned> masks(n / 32);
  Table table(
      {{"who takes the first branch"}, {"line"}, {"access"}, {"requests"}, {"lanes in each", "", "{:.0f}"}});
  std::string picture;
  for (const int group : {1, 32}) {
    const AccessProfile profile;
    checked::branches(group, n, x.data(), out.data(), masks.data());
    const std::string who = group == 1 ? "every second thread" : "every second warp";
    const std::vector<unsigned> first = masks.host();
    picture += who + "\n";
    for (int warp = 0; warp < 2; ++warp) {
      picture += fmt::format("  warp {}  first ", warp);
      for (int lane = 0; lane < 32; ++lane) picture += first[warp] >> lane & 1 ? "■" : "·";
      picture += "  second ";
      for (int lane = 0; lane < 32; ++lane) picture += first[warp] >> lane & 1 ? "·" : "■";
      picture += "\n";
    }
    for (const AccessSite& site : profile.sites())
      if (site.lanes > n / 32)
        table.row(who, site.where, kind(site), site.requests, per_request(site.lanes, site));
  }
  fmt::print("{}\n{}\n", picture, table.text());
  fmt::print(
      "A request is one instruction of one warp. The same 256 loads and stores take twice as many of them\n"
      "when the lanes of a warp part ways.\n");
}

void show_race() {
  std::vector<int> numbers(64);
  Table table({{"order of the threads"}, {"with the barrier"}, {"without it"}});
  int start = 0;
  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random}) {
    const simt::ScopedOptions scoped({.order = order});
    const auto right = [&](bool forget) {
      std::iota(numbers.begin(), numbers.end(), start += 1000);
      const DeviceArray<int> x(numbers), out(64);
      emulated::reverse(forget, x.data(), out.data());
      const std::vector<int> got = out.host();
      int count = 0;
      for (int t = 0; t < 64; ++t) count += got[t] == numbers[63 - t];
      return fmt::format("{} of 64 right", count);
    };
    constexpr const char* names[] = {"forward", "reverse", "random"};
    const std::string with = right(false), without = right(true);
    table.row(names[static_cast<int>(order)], with, without);
  }
  fmt::print("{}\nThe checked build does not look at the results:\n\n", table.text());
  const DeviceArray<int> x(numbers), out(64);
  try {
    checked::reverse(true, x.data(), out.data());
  } catch (const Error& error) {
    fmt::print("{}\n", error.what());
  }
}

void show_blunders() {
  const int n = 256;
  const DeviceArray<float> x(std::vector<float>(n, 1.0f)), out(n);
  for (int which = 0; which < 4; ++which) {
    try {
      checked::blunder(which, n, x.data(), out.data());
    } catch (const Error& error) {
      fmt::print("{}{}\n", which ? "\n" : "", error.what());
    }
  }
}

void show_banks() {
  const DeviceArray<float> x(std::vector<float>(32 * 32, 1.0f)), out(32 * 32);
  Table table(
      {{"rows of the tile"}, {"line"}, {"access"}, {"requests"}, {"wavefronts"}, {"of each", "", "{:.0f}"}});
  for (const int padding : {0, 1}) {
    const AccessProfile profile;
    checked::transpose(padding, x.data(), out.data());
    for (const AccessSite& site : profile.sites())
      if (site.space == AccessSite::Space::shared)
        table.row(padding ? "33 words" : "32 words", site.where, kind(site), site.requests, site.cost,
                  per_request(site.cost, site));
  }
  fmt::print("{}", table.text());
}

void show_sectors() {
  const DeviceArray<float> x(std::vector<float>(256 * 32 + 32, 1.0f)), out(1024);
  Table table({{"the lanes of a warp load"},
               {"requests"},
               {"sectors"},
               {"per request", "", "{:.0f}"},
               {"of 32 bytes used", "", "{:.0f}"}});
  const auto row = [&](const std::string& name, const auto& run) {
    const AccessProfile profile;
    run();
    for (const AccessSite& site : profile.sites())
      if (!site.write)
        table.row(name, site.requests, site.cost, per_request(site.cost, site),
                  static_cast<double>(site.lanes * site.bytes) / static_cast<double>(site.cost));
  };
  const auto strided = [&](int offset, int stride) {
    return [&, offset, stride] { checked::strided(offset, stride, x.data(), out.data()); };
  };
  row("neighbouring floats", strided(0, 1));
  row("the same, beginning one float later", strided(1, 1));
  for (const int stride : {2, 4, 8, 32}) row(fmt::format("every {}th float", stride), strided(0, stride));
  row("all the same float", strided(0, 0));
  row("four neighbours each (float4)", [&] { checked::copy_quads(x.data(), out.data()); });
  fmt::print("{}", table.text());
}
#else
void needs_checked() {
  fmt::print("This part watches every access to memory, which needs a build by g++.\n");
}
constexpr auto show_divergence = needs_checked, show_race = needs_checked, show_blunders = needs_checked,
               show_banks = needs_checked, show_sectors = needs_checked;
#endif

}  // namespace
}  // namespace gpt

int main(int argc, char** argv) {
  gpt::ChapterProgram program("06_simt", "A machine that runs CUDA kernels on the CPU, and checks them.");
  program.section("launch", "A launch, and which thread does what", gpt::show_launch);
  program.section("barrier", "A barrier: run everyone up to here", gpt::show_fibers);
  program.section("warp", "32 lanes add up 32 numbers", gpt::show_warp);
  program.section("divergence", "A warp goes through both branches", gpt::show_divergence);
  program.section("race", "A forgotten barrier", gpt::show_race);
  program.section("mistakes", "Four more mistakes", gpt::show_blunders);
  program.section("banks", "A transposed tile, and the banks of shared memory", gpt::show_banks);
  program.section("sectors", "Which sectors of global memory a load moves", gpt::show_sectors);
  program.section("speed", "What a kernel costs on the CPU", [&] { gpt::show_speed(program.stable()); });
  return program.run(argc, argv);
}
