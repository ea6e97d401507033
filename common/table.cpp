#include "common/table.hpp"

#include <algorithm>

namespace gpt {
namespace {

std::string padded(const std::string& text, int width, bool right) {
  const std::string space = repeated(" ", width - display_width(text));
  return right ? space + text : text + space;
}

}  // namespace

int display_width(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // the other bytes continue a character
  }));
}

std::string repeated(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

std::string Table::text(int indent) const {
  std::vector<std::string> titles, units;
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    units.push_back(column.unit);
  }
  std::vector<std::vector<std::string>> lines{titles};
  if (std::any_of(units.begin(), units.end(), [](const auto& unit) { return !unit.empty(); }))
    lines.push_back(units);
  const size_t head = lines.size();
  lines.insert(lines.end(), rows_.begin(), rows_.end());

  std::vector<int> widths(columns_.size());
  for (const auto& line : lines)
    for (size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], display_width(line[c]));

  std::string result;
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string line, rule;
    for (size_t c = 0; c < columns_.size(); ++c) {
      line += (c > 0 ? "  " : "") + padded(lines[i][c], widths[c], numeric_[c]);
      rule += (c > 0 ? "  " : "") + repeated("─", widths[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    const std::string margin = repeated(" ", indent);
    result += margin + line + "\n";
    if (i + 1 == head) result += margin + rule + "\n";
  }
  return result;
}

std::string Table::markdown() const {
  std::string result = "|", rule = "|";
  for (size_t c = 0; c < columns_.size(); ++c) {
    const Column& column = columns_[c];
    result += fmt::format(
        " {} |", column.unit.empty() ? column.title : fmt::format("{} ({})", column.title, column.unit));
    rule += numeric_[c] ? " ---: |" : " --- |";
  }
  result += "\n" + rule + "\n";
  for (const auto& row : rows_) result += fmt::format("| {} |\n", fmt::join(row, " | "));
  return result;
}

}  // namespace gpt
