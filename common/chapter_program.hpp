#pragma once
// The program of a chapter: sections that can be run one by one, and an output that can be kept in a lesson.

#include <functional>
#include <string>
#include <vector>

#include "common/argument_parser.hpp"
#include "common/program.hpp"

namespace gpt {

/// A chapter's main() declares its sections, in the order of the lesson, and calls run():
///
///     int main(int argc, char** argv) {
///       gpt::ChapterProgram program("01_tensors", "Tensors, and how fast they multiply.");
///       int64_t size = 512;
///       program.options().add_option("--size", size, "Rows and columns of the matrices");
///       program.section("views", "One storage, many shapes", [] { … });
///       program.section("matmul", "The ladder", [&] { ladder(size, program.stable()); });
///       return program.run(argc, argv);
///     }
///
/// Every such program understands
///   --only NAME   run this section alone (may be given several times, or as a,b);
///   --stable      leave out timings and whatever else differs between machines or runs.
class ChapterProgram {
 public:
  ChapterProgram(std::string name, const std::string& description);

  /// For options of the chapter's own.
  ArgumentParser& options() { return parser_; }
  /// True when the output must be the same on every machine. Known once run() has parsed the command line.
  bool stable() const { return stable_; }
  /// Adds a section; its title is printed, underlined, before `show` runs.
  void section(std::string name, std::string title, std::function<void()> show);
  /// Parses the command line, shows the sections asked for (all, unless told) and returns the exit code.
  int run(int argc, const char* const* argv);
  /// The same, but throws what goes wrong: for a program of many ranks, which has its own way to fail.
  int show(int argc, const char* const* argv);

 private:
  struct Section {
    std::string name, title;
    std::function<void()> show;
  };

  std::string name_;
  ArgumentParser parser_;
  std::vector<Section> sections_;
  std::vector<std::string> only_;
  bool stable_ = false;
};

}  // namespace gpt
