// The chapter's program: the ladder of every kernel family, checked and counted, or on a GPU timed.

#include "06_simt/checker.hpp"
#include "07_cuda_kernels/families.hpp"
#include "07_cuda_kernels/timings.hpp"
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
      GPT_FAMILY(linear, "Matrix products: what one fetches, many use"),
      GPT_FAMILY(attention, "Attention: scores that are never stored"),
      GPT_FAMILY(compress, "Quantise and pack: fewer bits to send"),
  };
  return all;
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
    print_ideas(emulated[i]);
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

}  // namespace
}  // namespace gpt

int main(int argc, char** argv) {
  gpt::ChapterProgram program("07_cuda_kernels",
                              "The kernels of a GPT, each as a ladder from plain to fast.");
  bool count = false;
  std::string json;
  program.options().add_flag("--count", count,
                             "Check and count on the SIMT machine, also where there is a GPU");
  program.options().add_option("--json", json, "Write what is measured on a GPU to this file");
  std::optional<gpt::Timings> timings;
  for (const gpt::Family& family : gpt::families())
    program.section(family.name, family.title, [&] {
      if (count || program.stable() || !gpt::has_gpu()) return gpt::show_counted(family);
      if (!timings) timings.emplace(json);
      timings->show(family.cuda(gpt::ProblemSize::tiny), family.cuda(gpt::ProblemSize::real));
    });
  return program.run(argc, argv);
}
