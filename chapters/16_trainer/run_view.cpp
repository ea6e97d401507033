#include "16_trainer/run_view.hpp"

#include "16_trainer/checkpoint.hpp"
#include "16_trainer/config.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;

std::string text_of_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) ? read_file(path) : "";
}

std::vector<CheckpointView> view_checkpoints(const RunFolder& run) {
  std::vector<CheckpointView> views;
  for (const fs::path& folder : list_checkpoints(run.checkpoints())) {
    CheckpointView view{.name = folder.filename().string()};
    std::error_code error;
    for (const auto& file : fs::directory_iterator(folder, error))
      view.bytes += static_cast<int64_t>(file.file_size(error));
    try {
      const auto state = nlohmann::json::parse(text_of_file(folder / "state.json"));
      view.step = state.at("step");
      if (state.contains("val_loss")) view.val_loss = state["val_loss"].get<double>();
    } catch (const nlohmann::json::exception&) {
      continue;  // half removed, or damaged
    } catch (const UserError&) {
      continue;  // removed since it was listed
    }
    views.push_back(view);
  }
  return views;
}

}  // namespace

double RunView::number(const char* choice, double otherwise) const {
  const auto found = config.find(choice);
  return found != config.end() && found->is_number() ? found->get<double>() : otherwise;
}

std::string RunView::text(const char* choice) const {
  const auto found = config.find(choice);
  if (found == config.end()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

int64_t RunView::tokens_per_step() const {
  return static_cast<int64_t>(number("batch") * number("context"));
}

// [status]
RunStatus status_of(const RunFolder& run, const std::vector<RunPeriod>& periods, int64_t last_step,
                    int64_t steps_wanted) {
  if (is_locked(run.path)) return RunStatus::running;
  const std::string ending = periods.empty() ? "" : periods.back().ending;
  if (ending == "bad number") return RunStatus::bad_number;
  if (last_step >= steps_wanted) return RunStatus::done;
  return ending == "stopped" ? RunStatus::stopped : RunStatus::killed;  // who is killed writes no ending
}
// [/status]

std::string status_text(RunStatus status, int64_t last_step) {
  switch (status) {
    case RunStatus::running:
      return "running";
    case RunStatus::done:
      return "done";
    case RunStatus::stopped:
      return fmt::format("stopped after step {}", last_step);
    case RunStatus::bad_number:
      return fmt::format("bad number after step {}", last_step);
    case RunStatus::killed:
      return fmt::format("ended without a word after step {}", last_step);
  }
  return "";
}

RunView view_run(const RunFolder& run) {
  RunView view;
  view.name = fs::weakly_canonical(run.path).filename().string();
  view.config = read_json_file(run.config());
  GPT_REQUIRE(view.config.is_object(), "{} is no configuration", run.config().string());
  MetricsReader metrics(run.metrics());
  metrics.poll();
  view.steps = metrics.steps();
  view.damaged_lines = metrics.damaged_lines();
  view.periods = read_history(run.history());
  view.checkpoints = view_checkpoints(run);
  view.sample = text_of_file(run.sample());
  view.timeline_file = text_of_file(run.path / "timeline.json");
  view.status = status_of(run, view.periods, view.last_step(), static_cast<int64_t>(view.number("steps")));
  return view;
}

double recent_mean(const std::vector<StepMetrics>& steps, double StepMetrics::*number, size_t count) {
  double sum = 0;
  const size_t used = std::min(count, steps.size());
  for (size_t i = steps.size() - used; i < steps.size(); ++i) sum += steps[i].*number;
  return used > 0 ? sum / static_cast<double>(used) : 0;
}

}  // namespace gpt
