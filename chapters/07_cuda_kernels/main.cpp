// The chapter's program: the ladder of every kernel family, checked and counted, or on a GPU timed.

#include "06_simt/checker.hpp"
#include "07_cuda_kernels/families.hpp"
#include "07_cuda_kernels/measure.hpp"
#include "common/chapter_program.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

struct Family {
  std::string name, title;
  Ladders (*emulated)(ProblemSize);
  Ladders (*checked)(ProblemSize);  // nullptr if not built
  Ladders (*cuda)(ProblemSize);
};

#if GPT_CHECKED_KERNELS
#define GPT_CHECKED(name) checked::name
#else
#define GPT_CHECKED(name) nullptr
#endif
#if GPT_CUDA_KERNELS
#define GPT_CUDA(name) cuda::name
#else
#define GPT_CUDA(name) nullptr
#endif
#define GPT_FAMILY(name, title)                                                                   \
  Family {                                                                                        \
#name, title, emulated::name##_ladders, GPT_CHECKED(name##_ladders), GPT_CUDA(name##_ladders) \
  }

// In the order of the lesson.
const std::vector<Family>& families() {
  static const std::vector<Family> all{
      GPT_FAMILY(elementwise, "Elementwise: one access of 16 bytes for four of 4"),
      GPT_FAMILY(reductions, "Reductions: who adds up whom"),
      GPT_FAMILY(softmax, "Softmax: reading a row once"),
      GPT_FAMILY(layernorm, "Layer normalisation, and sums over columns"),
      GPT_FAMILY(embedding, "Embedding: gradients that meet"),
      GPT_FAMILY(cross_entropy, "Cross-entropy over a vocabulary"),
      GPT_FAMILY(adamw, "AdamW and dropout: bytes alone"),
      GPT_FAMILY(attention, "Attention: scores that are never stored"),
  };
  return all;
}

void show_ideas(const Ladder& ladder) {
  fmt::print("{}, {}\n", ladder.task, ladder.problem);
  for (const Rung& rung : ladder.rungs) fmt::print("  {}: {}\n", rung.name, rung.idea);
  fmt::print("\n");
}

std::string verdict(const Ladder& ladder) {
  const double error = ladder.error();
  return error <= ladder.tolerance ? "right" : fmt::format("WRONG by {:.1g}", error);
}

#if GPT_CHECKED_KERNELS
struct Counts {
  simt::AccessSite global, shared;
};

/// What a run of the rung asks of the memories, and whether the checked build finds it right.
Counts count(const Rung& rung) {
  const simt::AccessProfile profile;
  rung.run();
  return {profile.total(simt::AccessSite::Space::global), profile.total(simt::AccessSite::Space::shared)};
}
#endif

/// Without a GPU: is it right, and what does it ask of the memories?
void show_counted(const Family& family) {
  Ladders emulated = family.emulated(ProblemSize::tiny);
  Ladders checked = family.checked ? family.checked(ProblemSize::tiny) : Ladders{};
  for (size_t i = 0; i < emulated.size(); ++i) {
    show_ideas(emulated[i]);
    Table table({{"rung"},
                 {"result"},
                 {"requests"},
                 {"sectors"},
                 {"of bytes needed", "", "{:.2f}"},
                 {"shared requests"},
                 {"wavefronts"},
                 {"of ideal", "", "{:.2f}"}});
    for (size_t r = 0; r < emulated[i].rungs.size(); ++r) {
      const Rung& rung = emulated[i].rungs[r];
      rung.run();
      const std::string result = verdict(emulated[i]);
#if GPT_CHECKED_KERNELS
      const Counts counts = count(checked[i].rungs[r]);
      const double moved = 32.0 * static_cast<double>(counts.global.cost) / emulated[i].ideal_bytes;
      const double conflicts = counts.shared.cost ? static_cast<double>(counts.shared.cost) /
                                                        static_cast<double>(counts.shared.ideal)
                                                  : NAN;
      table.row(rung.name, result, counts.global.requests, counts.global.cost, moved, counts.shared.requests,
                counts.shared.cost, conflicts);
#else
      table.row(rung.name, result, "–", "–", "–", "–", "–", "–");
#endif
    }
    fmt::print("{}\n", table.text());
  }
}

/// On a GPU: is it right, and how long does it take?
void show_timed(const Family& family, double copy) {
#if GPT_CUDA_KERNELS
  for (Ladder& ladder : family.cuda(ProblemSize::real)) {
    show_ideas(ladder);
    const bool by_flops = ladder.flops > 0;
    const double work = by_flops ? ladder.flops : ladder.ideal_bytes;
    const double library = ladder.library ? cuda::milliseconds(ladder.library) : NAN;
    Table table({{"rung"},
                 {"result"},
                 {"time", "ms", "{:.3f}"},
                 {"speed", by_flops ? "TFLOP/s" : "GB/s", "{:.1f}"},
                 {by_flops ? "of the library" : "of a copy", "%", "{:.0f}"}});
    for (const Rung& rung : ladder.rungs) {
      const double time = cuda::milliseconds(rung.run);
      const double ceiling = by_flops ? library : 1e3 * work / copy;
      table.row(rung.name, verdict(ladder), time, work / time / (by_flops ? 1e9 : 1e6), 100 * ceiling / time);
    }
    if (ladder.library) table.row("library", "", library, work / library / (by_flops ? 1e9 : 1e6), 100.0);
    fmt::print("{}\n", table.text());
  }
#else
  (void)family, (void)copy;
#endif
}

bool has_gpu() {
#if GPT_CUDA_KERNELS
  return cuda::device_count() > 0;
#else
  return false;
#endif
}

double copy_bandwidth() {
#if GPT_CUDA_KERNELS
  return cuda::copy_bandwidth();
#else
  return NAN;
#endif
}

}  // namespace
}  // namespace gpt

int main(int argc, char** argv) {
  gpt::ChapterProgram program("07_cuda_kernels",
                              "The kernels of a GPT, each as a ladder from plain to fast.");
  bool count = false;
  program.options().add_flag("--count", count,
                             "Check and count on the SIMT machine, also where there is a GPU");
  for (const gpt::Family& family : gpt::families())
    program.section(family.name, family.title, [&] {
      if (count || program.stable() || !gpt::has_gpu()) return gpt::show_counted(family);
      gpt::show_timed(family, gpt::copy_bandwidth());
    });
  return program.run(argc, argv);
}
