// gpt report: a run on one page.
#include <fmt/chrono.h>
#include "16_trainer/commands.hpp"
#include "16_trainer/report_page.hpp"
#include "16_trainer/timeline_picture.hpp"
#include "16_trainer/together.hpp"
#include "common/check.hpp"
#include "common/file.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

struct ReportOptions {
  std::string run, out, timeline;
};

void report(const ReportOptions& options) {
  const RunFolder run = existing_run_folder(options.run);
  const std::filesystem::path out =
      options.out.empty() ? run.path / "report.html" : std::filesystem::path(options.out);
  std::error_code error;
  GPT_REQUIRE(!std::filesystem::is_directory(out, error), "cannot write {}: it is a folder", out.string());
  RunView view = view_run(run);
  if (!options.timeline.empty()) {
    view.timeline_file = read_file(options.timeline);
    GPT_REQUIRE(!timeline_picture(view.timeline_file).empty(), "{} is no timeline with a step in it",
                options.timeline);
  }
  const std::string made = fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(std::time(nullptr)));
  write_file_atomically(out, report_page(view, made));
  fmt::print("{}\n", out.string());
}

}  // namespace

Command add_report(ArgumentParser& parser) {
  auto options = std::make_shared<ReportOptions>();
  parser.add_option("run", options->run, "folder of a run (default: the latest in out/)");
  parser.add_option("--out", options->out, "file to write (default: report.html in the run's folder)");
  parser.add_option(
      "--timeline", options->timeline,
      "file that gpt train --timeline wrote (default: timeline.json in the run's folder, if there is one)");
  return [options](Communicator& communicator) {
    on_first_rank(communicator, [&] { report(*options); });
    return static_cast<int>(exit_ok);
  };
}

}  // namespace gpt
