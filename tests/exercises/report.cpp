#include "tests/exercises/report.hpp"

#include <cctype>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "tests/exercises/findings.hpp"

namespace gpt {
namespace {

/// ./book grade writes a text that nobody outside of it knows over these bytes of the program's file, after
/// it was linked: no source can include it. Volatile, so that the compiler does not take it for what stands
/// here.
const volatile char nonce[] = "nonce of this program: 00000000000000000000000000000000";

std::string read_nonce() {
  std::string text;
  for (const volatile char* c = nonce; *c; ++c) text += *c;
  return text.substr(text.rfind(' ') + 1);
}

/// "IsAView" → "is a view"; "NeedsNoMPIHere" → "needs no MPI here".
std::string words(std::string_view name) {
  const auto is = [&](int (*kind)(int), size_t at) {
    return at < name.size() && kind(static_cast<unsigned char>(name[at])) != 0;
  };
  std::string text;
  for (size_t from = 0, to = 0; from < name.size();
       from = to) {  // a word: Xxx, 123, or XXX before the next Xxx
    to = from + 1;
    if (is(std::isdigit, from)) {
      while (is(std::isdigit, to)) ++to;
    } else if (is(std::isupper, from) && is(std::isupper, to)) {
      while (is(std::isupper, to) && !is(std::islower, to + 1)) ++to;
    } else {
      while (is(std::islower, to)) ++to;
    }
    if (from > 0) text += ' ';
    const bool acronym = to - from > 1 && is(std::isupper, from + 1);
    for (size_t i = from; i < to; ++i)
      text += acronym ? name[i] : static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return text;
}

void print_indented(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::cout << "      " << text.substr(0, end) << '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string json_line(const std::string& test, const std::string& verdict, const std::string& output) {
  const nlohmann::json line = {{"nonce", read_nonce()},
                               {"test", test},
                               {"title", words(test)},
                               {"verdict", verdict},
                               {"output", output}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

ExerciseReport::ExerciseReport() {
  if (const char* path = std::getenv("EXERCISE_REPORT")) file_.open(path);
}

void ExerciseReport::OnTestStart(const testing::TestInfo& test) {
  write(test.name(), "started", "");
}

void ExerciseReport::OnTestEnd(const testing::TestInfo& test) {
  std::string todo;
  const std::string found = findings(*test.result(), todo);
  std::string verdict = "passed";
  if (!todo.empty()) {
    verdict = "todo";
    if (!todo_) std::cout << "  TODO " << todo << '\n';
    todo_ = true;
  } else if (test.result()->Skipped()) {
    verdict = "skipped";
    std::cout << "  – " << words(test.name()) << ": skipped\n";
  } else if (test.result()->Failed()) {
    verdict = "failed";
    std::cout << "  ✗ " << words(test.name()) << '\n';
  } else {
    std::cout << "  ✓ " << words(test.name()) << '\n';
  }
  print_indented(found);
  std::cout.flush();
  write(test.name(), verdict, found);
}

void ExerciseReport::OnTestProgramEnd(const testing::UnitTest& /*tests*/) {
  write("", "end", "");
}

void ExerciseReport::write(const std::string& test, const std::string& verdict, const std::string& output) {
  if (file_.is_open()) file_ << json_line(test, verdict, output) << std::endl;
}

void RankReport::OnTestStart(const testing::TestInfo& test) {
  test_ = &test;
}

void RankReport::OnTestPartResult(const testing::TestPartResult& part) {
  const char* path = std::getenv("EXERCISE_REPORT");
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  if (!part.failed() || !path || !rank || !test_) return;
  std::string todo;
  const std::string found = findings(*test_->result(), todo);
  std::ofstream file(path + std::string(".") + rank);
  file << json_line(test_->name(), "rank " + std::string(rank), found) << '\n';
}

}  // namespace gpt
