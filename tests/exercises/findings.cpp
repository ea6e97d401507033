#include "tests/exercises/findings.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <vector>

namespace gpt {
namespace {

using Lines = std::vector<std::string>;

bool starts(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// The path from the top of the repository on.
std::string_view place(std::string_view path) {
  for (const std::string_view folder : {"tests/exercises/", "exercises/", "chapters/", "common/"})
    if (const size_t at = path.rfind(folder); at != path.npos) return path.substr(at);
  return path;
}

/// How many of the first lines are GoogleTest's own: those after them are the author's. All of them, where
/// that cannot be told.
size_t lines_of_googletest(const Lines& lines) {
  const auto at = [&](size_t i) {
    return i < lines.size() ? std::string_view(lines[i]) : std::string_view();
  };
  size_t n = 1;
  if (starts(at(0), "Expected equality of these values:")) {
    while (starts(at(n), "  ")) ++n;
    return starts(at(n), "With diff:") ? lines.size() : n;
  }
  if (starts(at(0), "Value of: ") || starts(at(0), "Expected: ")) {
    if (starts(at(0), "Expected: (")) return 1;  // a comparison: (a) < (b), actual: 1 vs 2
    while (n < lines.size() && !starts(at(n), "  Actual: ")) ++n;
    if (n < lines.size()) ++n;
    return starts(at(n), "Expected: ") ? n + 1 : n;
  }
  if (starts(at(0), "The difference between ")) return std::min<size_t>(4, lines.size());
  return at(0) == "Failed" ? 1 : lines.size();
}

/// "has 2 elements where / element #0 is equal to 6, / element #1 is equal to 11" in one line: { 6, 11 }.
Lines shortened(const Lines& lines) {
  constexpr std::string_view equal = " is equal to ";
  Lines result;
  for (size_t i = 0; i < lines.size(); ++i) {
    result.push_back(lines[i]);
    if (!starts(lines[i], "Expected: has ") || !lines[i].ends_with(" where")) continue;
    std::string list;
    size_t next = i + 1;
    for (; next < lines.size() && starts(lines[next], "element #"); ++next) {
      const size_t value = lines[next].find(equal);
      if (value == std::string::npos) break;
      list += (list.empty() ? "" : " ") + lines[next].substr(value + equal.size());
    }
    if (next == i + 1 || starts(next < lines.size() ? lines[next] : "", "element #")) continue;
    result.back() = "Expected: { " + list + " }";
    i = next - 1;
  }
  return result;
}

/// What an exception that ended the test says: "chapters/…:39: check failed: …", without GoogleTest's frame.
std::string of_exception(std::string_view message) {
  constexpr std::string_view before = "C++ exception with description \"", after = "\" thrown in ";
  const size_t end = message.rfind(after);
  if (!starts(message, before) || end == message.npos) return {};
  const std::string_view what = message.substr(before.size(), end - before.size());
  const size_t check = what.find(": check failed: ");
  if (what == "std::bad_alloc") return "There is no memory left: does a loop append, and never end?";
  if (check == what.npos) return "An exception ended the test: " + std::string(what);
  return "An Error ended the test: " + std::string(what.substr(check + 2)) + "\n  (" +
         std::string(place(what.substr(0, check))) + ")";
}

/// What the other ranks found: "on rank 1:" and lines that begin with file:line: message
/// (tests/mpi_tests.cpp).
Lines of_other_rank(const Lines& lines) {
  Lines found;
  std::string file, message;
  int line = 0;
  const auto close = [&] {
    if (!message.empty()) found.push_back(lines[1] + "\n" + finding(message, file.c_str(), line));
    message.clear();
  };
  for (size_t i = 2; i < lines.size(); ++i) {
    const std::string& text = lines[i];
    const size_t path = text.find(".cpp:");
    int number = 0;
    if (path != text.npos && text.find("tests/exercises/") < path) {
      const char* digits = text.data() + path + 5;
      const auto [end, error] = std::from_chars(digits, text.data() + text.size(), number);
      if (error == std::errc() && starts(end, ": ")) {
        close();
        file = text.substr(0, path + 4);
        line = number;
        message = end + 2;
        continue;
      }
    }
    message += "\n" + text;
  }
  close();
  return found;
}

/// Of a finding: where it was found.
std::string last_line(const std::string& found) {
  const Lines lines = lines_of(found);
  return lines.empty() ? "" : lines.back();
}

}  // namespace

std::string finding(const std::string& message, const char* file, int line) {
  if (const std::string thrown = of_exception(message); !thrown.empty()) return thrown + "\n";
  Lines all = lines_of(message);
  const auto trace = std::find(all.begin(), all.end(), "Google Test trace:");
  const Lines cases(trace == all.end() ? trace : trace + 1, all.end());  // file:line: what SCOPED_TRACE says
  all.erase(trace, all.end());
  const auto border = all.begin() + static_cast<std::ptrdiff_t>(lines_of_googletest(all));
  std::string text;
  for (auto word = border; word != all.end(); ++word) text += *word + "\n";
  for (const std::string& word : cases)
    text += "  Case: " + word.substr(std::min(word.find(": ") + 2, word.size())) + "\n";
  for (const std::string& word : shortened({all.begin(), border}))
    if (word != "Failed") text += "  " + word + "\n";
  if (file && line > 0) text += "  (" + std::string(place(file)) + ":" + std::to_string(line) + ")\n";
  return text;
}

std::string findings(const testing::TestResult& result, std::string& todo) {
  constexpr std::string_view mark = "\"TODO: ";
  std::string text;
  std::set<std::string>
      places;  // a check in a loop, or on many ranks, says the same over and over: once is enough
  int more = 0;
  const auto add = [&](const std::string& found) {
    if (places.insert(last_line(found)).second)
      text += found;
    else
      ++more;
  };
  for (int i = 0; i < result.total_part_count(); ++i) {
    const testing::TestPartResult& part = result.GetTestPartResult(i);
    if (part.passed()) continue;
    const std::string message = part.message();
    const Lines lines = lines_of(message);
    if (const size_t at = message.find(mark); at != message.npos) {
      todo = message.substr(at + mark.size(), message.find('"', at + mark.size()) - at - mark.size());
    } else if (part.skipped()) {
      add(message + "\n");
    } else if (lines.size() > 2 && lines[0] == "Failed" && starts(lines[1], "on rank ")) {
      for (const std::string& found : of_other_rank(lines)) add(found);
    } else {
      add(finding(message, part.file_name(), part.line_number()));
    }
  }
  if (more > 0)
    text +=
        "(" + std::to_string(more) + " more check" + (more > 1 ? "s" : "") + " of the same kind failed)\n";
  return text;
}

}  // namespace gpt
