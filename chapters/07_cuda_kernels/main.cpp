// The chapter's program: the ladder of every kernel family, checked and counted, or on a GPU timed.

#include <algorithm>

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
      GPT_FAMILY(sparse, "A few of many: which, and where"),
      GPT_FAMILY(thin, "Thin products: a matrix and a few rows"),
  };
  return all;
}

std::string verdict(const Ladder& ladder) {
  const double error = ladder.error();
  return error <= ladder.tolerance ? "right" : fmt::format("WRONG by {:.1g}", error);
}

/// What a run of a rung asks of the memories, if there is a checked build to count it.
struct Counts {
  std::string rung, result;
  simt::AccessSite global, shared;
};

#if GPT_CHECKED_KERNELS
void count(const Rung& rung, Counts& counts) {
  const simt::AccessProfile profile;
  rung.run();
  counts.global = profile.total(simt::AccessSite::Space::global);
  counts.shared = profile.total(simt::AccessSite::Space::shared);
}
#else
void count(const Rung&, Counts&) {}
#endif

/// Of all rungs of a ladder; columns for shared memory only where one uses it.
Table table_of(const std::vector<Counts>& rungs, double ideal_bytes) {
  std::vector<Table::Column> columns{
      {"rung"}, {"result"}, {"requests"}, {"sectors"}, {"of bytes needed", "", "{:.2f}"}};
  const bool shared =
      std::any_of(rungs.begin(), rungs.end(), [](const Counts& c) { return c.shared.requests > 0; });
  if (shared)
    columns.insert(columns.end(), {{"shared requests"}, {"wavefronts"}, {"of ideal", "", "{:.2f}"}});
  Table table(columns);
  for (const auto& [rung, result, global, in_shared] : rungs) {
    const double moved = global.cost ? 32.0 * static_cast<double>(global.cost) / ideal_bytes : NAN;
    const double conflicts =
        in_shared.cost ? static_cast<double>(in_shared.cost) / static_cast<double>(in_shared.ideal) : NAN;
    if (shared) {
      table.row(rung, result, global.requests, global.cost, moved, in_shared.requests, in_shared.cost,
                conflicts);
    } else {
      table.row(rung, result, global.requests, global.cost, moved);
    }
  }
  return table;
}

/// Without a GPU: is it right, and what does it ask of the memories?
void show_counted(const Family& family) {
  const Ladders emulated = family.emulated(ProblemSize::tiny);
  const Ladders checked = family.checked ? family.checked(ProblemSize::tiny) : Ladders{};
  for (size_t i = 0; i < emulated.size(); ++i) {
    print_ideas(emulated, i);
    std::vector<Counts> rungs;
    for (size_t r = 0; r < emulated[i].rungs.size(); ++r) {
      const Rung& rung = emulated[i].rungs[r];
      rung.run();
      Counts& counts = rungs.emplace_back(Counts{rung.name, verdict(emulated[i]), {}, {}});
      if (!checked.empty()) count(checked[i].rungs[r], counts);
    }
    fmt::print("{}\n", table_of(rungs, emulated[i].ideal_bytes).text());
  }
  if (checked.empty()) fmt::print("Nothing is counted: this build has no checked kernels.\n\n");
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
