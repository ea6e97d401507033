#pragma once
// The curves of a run, as figures of a page.

#include <string>
#include <vector>

#include "16_trainer/run_view.hpp"
#include "common/plot.hpp"

namespace gpt {

/// All figures that the run has numbers for, as HTML.
std::string report_charts(const RunView& run);

/// One number over the steps. Where steps are missing in the file the line is broken.
std::vector<PlotPoint> curve(const std::vector<StepMetrics>& steps, double StepMetrics::*number);

/// The mean over the last `window` points, up to each of them; it begins anew after a break.
std::vector<PlotPoint> smoothed(const std::vector<PlotPoint>& points, size_t window);

}  // namespace gpt
