#include "common/chapter_program.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "common/check.hpp"
#include "common/table.hpp"

namespace gpt {

ChapterProgram::ChapterProgram(std::string name, const std::string& description)
    : name_(std::move(name)), parser_(description, name_) {
  parser_.add_flag("--stable", stable_,
                   "Leave out timings and all else that differs between machines or runs");
}

void ChapterProgram::section(std::string name, std::string title, std::function<void()> show) {
  sections_.push_back({std::move(name), std::move(title), std::move(show)});
}

int ChapterProgram::run(int argc, const char* const* argv) {
  return run_program(name_, [&] { return show(argc, argv); });
}

int ChapterProgram::show(int argc, const char* const* argv) {
  std::vector<std::string> names;
  for (const Section& section : sections_) names.push_back(section.name);
  parser_.add_option("--only", only_, fmt::format("Run this section alone: {}", fmt::join(names, ", ")))
      .separated_by(',');
  if (!parser_.parse(argc, argv)) return static_cast<int>(exit_ok);
  for (const std::string& name : only_) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string nearest = nearest_name(name, names);
    GPT_REQUIRE(nearest.empty(), "there is no section {}; did you mean {}?", name, nearest);
    GPT_REQUIRE(false, "there is no section {}; the sections are {}", name, fmt::join(names, ", "));
  }
  bool first = true;
  for (const Section& section : sections_) {
    if (!only_.empty() && std::find(only_.begin(), only_.end(), section.name) == only_.end()) continue;
    fmt::print("{}{}\n{}\n\n", first ? "" : "\n", section.title, repeated("─", display_width(section.title)));
    first = false;
    section.show();
    std::fflush(stdout);
  }
  return static_cast<int>(exit_ok);
}

}  // namespace gpt
