#include "16_trainer/report_page.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "16_trainer/progress.hpp"
#include "16_trainer/report_charts.hpp"
#include "16_trainer/report_style.hpp"
#include "16_trainer/summary.hpp"
#include "16_trainer/timeline_picture.hpp"

namespace gpt {
namespace {

std::string bytes_text(double bytes) {
  for (const char* unit : {"bytes", "KB", "MB", "GB"}) {
    if (bytes < 999.5) {
      const int digits = bytes < 10 && *unit != 'b' ? 1 : 0;
      return fmt::format("{:.{}f} {}", bytes, digits, unit);
    }
    bytes /= 1000;
  }
  return fmt::format("{:.1f} TB", bytes);
}

std::string date_text(int64_t seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

double sum_of(const RunView& run, double StepMetrics::*number) {
  double sum = 0;
  for (const StepMetrics& m : run.steps) sum += m.*number;
  return sum;
}

std::string tile(const std::string& value, const std::string& meaning) {
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", escape_xml(value),
                     escape_xml(meaning));
}

std::string header(const RunView& run) {
  const char* const colour = run.status == RunStatus::running      ? "running"
                             : run.status == RunStatus::done       ? "done"
                             : run.status == RunStatus::bad_number ? "bad"
                                                                   : "stopped";
  std::string html =
      fmt::format("<header><h1>{}</h1><span class=\"pill {}\">{}</span></header>\n", escape_xml(run.name),
                  colour, escape_xml(status_text(run.status, run.last_step())));
  const std::string shape = fmt::format("{} layers, {} heads, width {}, context {}", run.text("layers"),
                                        run.text("heads"), run.text("width"), run.text("context"));
  std::string words = shape + ".";
  if (!run.periods.empty()) {
    const RunPeriod& p = run.periods.back();
    words = fmt::format("{} parameters ({}). {} rank{} with {} thread{}, {}, {}.", with_commas(p.parameters),
                        shape, p.ranks, p.ranks == 1 ? "" : "s", p.threads, p.threads == 1 ? "" : "s",
                        run.text("precision"), p.backend);
  }
  const std::string data = run.text("data");
  return html + fmt::format("<p>{} Trained on {}.</p>\n", escape_xml(words),
                            data.empty() ? "the book itself" : escape_xml(data));
}

std::string notes(const RunView& run) {
  std::string html;
  const auto note = [&](const std::string& text) {
    html += fmt::format("<div class=\"note\">{}</div>\n", escape_xml(text));
  };
  if (run.status == RunStatus::bad_number) note("Stopped in " + run.periods.back().message);
  if (run.status == RunStatus::killed)
    note(
        "No process works on this run, and the last one did not say why it ended: it was killed, or lost its "
        "machine.");
  if (run.damaged_lines > 0)
    note(fmt::format("{} lines of metrics.jsonl are damaged and left out.", run.damaged_lines));
  if (run.steps.empty()) note("No step is done yet.");
  return html;
}

std::string tiles(const RunView& run) {
  if (run.steps.empty()) return "";
  const auto wanted = static_cast<int64_t>(run.number("steps"));
  const double milliseconds = sum_of(run, &StepMetrics::step_ms);
  std::string html = "<div class=\"tiles\">\n";
  html += tile(fmt::format("{} / {}", with_commas(run.last_step()), with_commas(wanted)), "steps");
  html += tile(fmt::format("{:.4f}", recent_mean(run.steps, &StepMetrics::train_loss)),
               fmt::format("training loss, mean of {} steps", std::min<size_t>(20, run.steps.size())));
  const StepMetrics* best = nullptr;
  for (const StepMetrics& m : run.steps)
    if (m.val_loss && (!best || *m.val_loss < *best->val_loss)) best = &m;
  if (best)
    html += tile(fmt::format("{:.4f}", *best->val_loss),
                 fmt::format("best validation loss, step {}", with_commas(best->step)));
  html += tile(with_commas(std::llround(recent_mean(run.steps, &StepMetrics::tokens_per_second))),
               "tokens/s at the end");
  html += tile(duration_text(milliseconds / 1e3), "in training steps");
  if (run.status == RunStatus::running && wanted > run.last_step())
    html += tile(duration_text(recent_mean(run.steps, &StepMetrics::step_ms) / 1e3 *
                               static_cast<double>(wanted - run.last_step())),
                 "left");
  const auto tokens = static_cast<double>(run.last_step() * run.tokens_per_step());
  const auto data = run.periods.empty() ? 0.0 : static_cast<double>(run.periods.back().training_tokens);
  html +=
      tile(tokens >= 1e7 ? fmt::format("{:.1f} million", tokens / 1e6) : with_commas(std::llround(tokens)),
           data > 0 ? fmt::format("tokens seen, {:.2f} times the data", tokens / data) : "tokens seen");
  const double on_the_way = sum_of(run, &StepMetrics::comm_total_ms);
  if (on_the_way > 0 && milliseconds > 0) {
    html += tile(fmt::format("{:.0f}%", 100 * sum_of(run, &StepMetrics::comm_ms) / milliseconds),
                 "of the time waited for gradients");
    html += tile(fmt::format("{:.0f}%", 100 * sum_of(run, &StepMetrics::comm_hidden_ms) / on_the_way),
                 "of communication hidden behind backward");
  }
  double sent = 0;
  for (const StepMetrics& m : run.steps) sent += static_cast<double>(m.wire_bytes);
  if (sent > 0)
    html += tile(bytes_text(sent), fmt::format("sent by rank 0, {} a step",
                                               bytes_text(sent / static_cast<double>(run.steps.size()))));
  if (run.steps.back().memory_mb > 0)
    html += tile(bytes_text(run.steps.back().memory_mb * 1e6), "most memory of rank 0's tensors");
  return html + "</div>\n";
}

std::string checkpoint_table(const RunView& run) {
  if (run.checkpoints.empty()) return "";
  std::string rows;
  for (const CheckpointView& c : run.checkpoints)
    rows += fmt::format(
        "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td "
        "class=\"number\">{}</td></tr>\n",
        escape_xml(c.name), with_commas(c.step), c.val_loss ? fmt::format("{:.4f}", *c.val_loss) : "–",
        bytes_text(static_cast<double>(c.bytes)));
  return "<h2>Checkpoints</h2>\n<div class=\"card\"><table><tr><th>folder</th><th class=\"number\">step</th>"
         "<th class=\"number\">validation loss</th><th class=\"number\">size</th></tr>\n" +
         rows + "</table></div>\n";
}

std::string period_table(const RunView& run) {
  if (run.periods.empty()) return "";
  std::string rows;
  for (size_t i = 0; i < run.periods.size(); ++i) {
    const RunPeriod& p = run.periods[i];
    const bool last = i + 1 == run.periods.size();
    const std::string ending = !p.ending.empty()
                                   ? fmt::format("{} after step {}", p.ending, with_commas(p.last_step))
                               : last && run.status == RunStatus::running ? "running"
                                                                          : "ended without a word";
    rows += fmt::format(
        "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{} × {}</td><td>{}</td></tr>\n",
        date_text(p.started), with_commas(p.first_step + 1), p.ranks, p.threads, escape_xml(ending));
  }
  return "<h2>Processes</h2>\n<div class=\"card\"><table><tr><th>begun</th><th class=\"number\">first "
         "step</th>"
         "<th class=\"number\">ranks × threads</th><th>end</th></tr>\n" +
         rows + "</table></div>\n";
}

std::string configuration(const RunView& run) {
  std::string html = "<h2>Configuration</h2>\n<div class=\"card\"><div class=\"choices\">\n";
  for (const auto& [name, value] : run.config.items())
    html += fmt::format("<div><span>{}</span><b>{}</b></div>\n", escape_xml(name),
                        escape_xml(value.is_string() ? value.get<std::string>() : value.dump()));
  return html + "</div></div>\n";
}

}  // namespace

// [page]
std::string report_page(const RunView& run, const std::string& made) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n"
      "<title>{}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n<main>\n",
      escape_xml(run.name), plot_style(), report_style);
  html += header(run) + notes(run) + tiles(run);
  if (!run.steps.empty()) html += "<h2>Curves</h2>\n" + report_charts(run);
  if (const std::string picture = timeline_picture(run.timeline_file); !picture.empty())
    html += "<h2>One step, by rank</h2>\n<div class=\"card scroll\">" + picture + "</div>\n";
  if (!run.sample.empty())
    html += "<h2>Sample</h2>\n<div class=\"card\"><pre>" + escape_xml(run.sample) + "</pre></div>\n";
  html += checkpoint_table(run) + period_table(run) + configuration(run);
  return html + fmt::format("<footer>Made by gpt report, {}.</footer>\n</main>\n</body>\n</html>\n",
                            escape_xml(made));
}
// [/page]

}  // namespace gpt
