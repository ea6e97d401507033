#include "16_trainer/watch_screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "04_text/cleaning.hpp"
#include "16_trainer/braille.hpp"
#include "16_trainer/progress.hpp"
#include "16_trainer/summary.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

constexpr const char* bold = "\x1b[1m";
constexpr const char* blue = "\x1b[34m";
constexpr const char* plain = "\x1b[0m";
constexpr int label_width = 7;  // "4.1234 " left of the curve

/// The first `columns` characters.
std::string cut(const std::string& text, int columns) {
  size_t byte = 0;
  for (int characters = 0; byte < text.size(); ++byte) {
    const bool begins = (static_cast<unsigned char>(text[byte]) & 0xc0) != 0x80;
    if (begins && characters++ == columns) break;
  }
  return text.substr(0, byte);
}

std::string bar(double share, int cells) {
  const int full = static_cast<int>(std::clamp(share, 0.0, 1.0) * cells);
  return repeated("█", full) + repeated("░", cells - full);
}

/// Words on as few lines as they need; a word that finds no room goes to the next line.
void add_wrapped(std::vector<std::string>& lines, const std::vector<std::string>& words, int columns) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty() && display_width(line) + 3 + display_width(word) > columns) {
      lines.push_back(cut(line, columns));
      line.clear();
    }
    line += (line.empty() ? "" : "   ") + word;
  }
  if (!line.empty()) lines.push_back(cut(line, columns));
}

std::vector<std::string> numbers(const Watched& run) {
  const std::vector<StepMetrics>& steps = *run.steps;
  const StepMetrics& last = steps.back();
  std::vector<std::string> words{fmt::format("loss {:.4f}", last.train_loss)};
  for (auto m = steps.rbegin(); m != steps.rend(); ++m)
    if (m->val_loss) {
      words.push_back(fmt::format("val {:.4f} (step {})", *m->val_loss, m->step));
      break;
    }
  words.push_back(fmt::format("lr {:.3g}", last.lr));
  words.push_back(fmt::format("norm {:.3g}", last.grad_norm));
  words.push_back(fmt::format(
      "{} tokens/s", with_commas(std::llround(recent_mean(steps, &StepMetrics::tokens_per_second)))));
  const double step_ms = recent_mean(steps, &StepMetrics::step_ms);
  if (recent_mean(steps, &StepMetrics::comm_total_ms) > 0 && step_ms > 0)
    words.push_back(fmt::format("waiting for gradients {:.0f}%",
                                100 * recent_mean(steps, &StepMetrics::comm_ms) / step_ms));
  if (last.gpu.utilization) words.push_back(fmt::format("GPU {:.0f}%", *last.gpu.utilization));
  if (last.gpu.memory_mb) words.push_back(fmt::format("GPU memory {:.1f} GB", *last.gpu.memory_mb / 1e3));
  return words;
}

/// The curve with its highest and lowest value at the left, in `rows` lines.
void add_curve(std::vector<std::string>& lines, const Watched& run, int columns, int rows, bool colours) {
  std::vector<double> losses;
  for (const StepMetrics& m : *run.steps) losses.push_back(m.train_loss);
  double low = INFINITY, high = -INFINITY;
  for (const double loss : losses)
    if (std::isfinite(loss)) low = std::min(low, loss), high = std::max(high, loss);
  if (rows < 2 || columns < label_width + 4 || low > high) return;
  if (low == high) low -= 0.5, high += 0.5;
  BrailleCanvas canvas(columns - label_width, rows);
  draw_curve(canvas, losses, low, high);
  for (int row = 0; row < rows; ++row) {
    const std::string label = row == 0          ? fmt::format("{:<{}.4g}", high, label_width)
                              : row == rows - 1 ? fmt::format("{:<{}.4g}", low, label_width)
                                                : std::string(label_width, ' ');
    lines.push_back(cut(label, label_width) + (colours ? blue + canvas.row(row) + plain : canvas.row(row)));
  }
}

}  // namespace

// [watch_screen]
std::vector<std::string> watch_screen(const Watched& run, int columns, int rows, bool colours) {
  const int64_t step = run.steps->empty() ? 0 : run.steps->back().step;
  std::vector<std::string> lines;
  const std::string title =
      cut(fmt::format("{}: {}", remove_control_characters(run.name), status_text(run.status, step)), columns);
  lines.push_back(colours ? bold + title + plain : title);
  if (run.steps->empty()) {
    lines.push_back(cut("no step is done yet", columns));
  } else {
    std::string progress = fmt::format("step {}/{}", with_commas(step), with_commas(run.steps_wanted));
    const double seconds = recent_mean(*run.steps, &StepMetrics::step_ms) / 1e3;
    if (run.status == RunStatus::running && run.steps_wanted > step)
      progress +=
          fmt::format("   {} left", duration_text(seconds * static_cast<double>(run.steps_wanted - step)));
    const int room = std::min(30, columns - display_width(progress) - 2);
    if (room >= 10)
      progress =
          bar(static_cast<double>(step) / static_cast<double>(std::max<int64_t>(1, run.steps_wanted)), room) +
          "  " + progress;
    lines.push_back(cut(progress, columns));
    add_wrapped(lines, numbers(run), columns);
    if (!run.message.empty()) lines.push_back(cut(remove_control_characters(run.message), columns));
    add_curve(lines, run, columns, std::min(16, rows - static_cast<int>(lines.size())), colours);
  }
  if (static_cast<int>(lines.size()) > rows) lines.resize(static_cast<size_t>(std::max(0, rows)));
  return lines;
}
// [/watch_screen]

}  // namespace gpt
