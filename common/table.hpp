#pragma once
// Tables: columns that line up in a terminal, or the same as Markdown.

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/check.hpp"

namespace gpt {

/// A table of text and numbers. A column that holds a number is aligned right, with the number written as the
/// column's format says; a column of text is aligned left. Text may stand in a column of numbers; a
/// NaN there, for what was not measured, is written as "–".
///
///     Table table({{"rung"}, {"speed", "GFLOP/s", "{:.1f}"}, {"of peak", "%", "{:.0f}"}});
///     table.row("naive", 1.62, 0.7);
///     fmt::print("{}", table.text());
class Table {
 public:
  struct Column {
    std::string title;
    std::string unit = {};      ///< on a line of its own under the titles; in Markdown in brackets
    std::string format = "{}";  ///< of {fmt}, for the numbers
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)), numeric_(columns_.size()) {}

  /// Adds a row. Throws Error unless there is one cell for each column.
  template <class... Cells>
  Table& row(const Cells&... cells) {
    GPT_CHECK_EQ(sizeof...(cells), columns_.size());
    std::vector<std::string>& row = rows_.emplace_back();
    (row.push_back(cell(row.size(), cells)), ...);
    return *this;
  }

  /// For a terminal, each line ended and indented by `indent` spaces.
  std::string text(int indent = 0) const;
  /// For a code host's page.
  std::string markdown() const;

 private:
  template <class T>
  std::string cell(size_t column, const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      numeric_[column] = true;
      if (value != value) return "–";
      return fmt::format(fmt::runtime(columns_[column].format), value);
    } else {
      return fmt::format("{}", value);
    }
  }

  std::vector<Column> columns_;
  std::vector<bool> numeric_;
  std::vector<std::vector<std::string>> rows_;
};

/// The number of characters (code points) in UTF-8 text, which is its width in a terminal.
int display_width(std::string_view text);
/// `text`, `times` times in a row.
std::string repeated(std::string_view text, int times);

}  // namespace gpt
