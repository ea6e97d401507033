#pragma once
// A run on one page.

#include <string>

#include "16_trainer/run_view.hpp"

namespace gpt {

/// A whole HTML file: style and pictures are in it, and a browser that opens it asks nobody for anything.
/// What comes from the run's files is escaped. `made`: when, for the last line.
std::string report_page(const RunView& run, const std::string& made);

}  // namespace gpt
