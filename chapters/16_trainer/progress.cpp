#include "16_trainer/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace gpt {
namespace {

constexpr int plain_lines = 20;
constexpr auto repaint = std::chrono::milliseconds(100);

}  // namespace

int terminal_width() {
  if (const char* told = std::getenv("GPT_TERMINAL")) return std::max(0, std::atoi(told));
  if (std::getenv("OMPI_COMM_WORLD_SIZE") || !::isatty(STDOUT_FILENO)) return 0;
  struct winsize size {};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

Progress::Progress(int64_t first_step, int64_t steps, int width, bool silent)
    : first_step_(first_step), steps_(steps), width_(width), silent_(silent) {}

std::string Progress::line(const StepMetrics& m) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto done = static_cast<double>(m.step - first_step_);
  const double left = seconds / std::max(done, 1.0) * static_cast<double>(steps_ - m.step);
  std::string text =
      fmt::format("step {:>{}}/{}  loss {:.4f}", m.step, std::to_string(steps_).size(), steps_, m.train_loss);
  if (val_loss_) text += fmt::format("  val {:.4f}", *val_loss_);
  text += fmt::format("  {:.0f} tokens/s", m.tokens_per_second);
  return text + (m.step < steps_ ? fmt::format("  {} left", duration_text(left))
                                 : fmt::format("  in {}", duration_text(seconds)));
}

void Progress::show(const StepMetrics& m) {
  if (m.val_loss) val_loss_ = m.val_loss;
  if (silent_) return;
  const bool last = m.step == steps_;
  if (width_ == 0) {
    const int64_t every = std::max<int64_t>(1, steps_ / plain_lines);
    if (m.val_loss || last || m.step % every == 0) fmt::print("{}\n", line(m)), std::fflush(stdout);
    return;
  }
  const auto now = Clock::now();
  if (!last && !m.val_loss && now - last_shown_ < repaint) return;
  last_shown_ = now;
  std::string text = line(m);
  const int room =
      width_ - 1 - static_cast<int>(text.size()) - 3;  // the last column stays free, or the line would wrap
  if (room >= 10) {
    const int cells = std::min(room, 30);
    const auto filled = static_cast<int>(cells * m.step / steps_);
    std::string bar;
    for (int i = 0; i < cells; ++i) bar += i < filled ? "█" : "░";
    text = bar + "  " + text;
  } else {
    text.resize(std::min(text.size(), static_cast<size_t>(width_ - 1)));
  }
  fmt::print("\r\x1b[K{}", text);
  std::fflush(stdout);
  line_open_ = true;
}

void Progress::say(const std::string& text) {
  if (silent_) return;
  end_line();
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void Progress::end_line() {
  if (line_open_) fmt::print("\n"), std::fflush(stdout);
  line_open_ = false;
}

}  // namespace gpt
