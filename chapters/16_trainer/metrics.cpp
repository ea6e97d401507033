#include "16_trainer/metrics.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

std::string to_line(const StepMetrics& m) {
  std::string line = fmt::format(R"({{"step":{},"train_loss":{:.6g})", m.step, m.train_loss);
  if (m.val_loss) line += fmt::format(R"(,"val_loss":{:.6g})", *m.val_loss);
  line += fmt::format(
      R"(,"lr":{:.6g},"grad_norm":{:.6g},"tokens_per_second":{:.0f},"step_ms":{:.3f},"comm_ms":{:.3f},)"
      R"("comm_total_ms":{:.3f},"comm_hidden_ms":{:.3f},"wire_bytes":{},"memory_mb":{:.3f})",
      m.lr, m.grad_norm, m.tokens_per_second, m.step_ms, m.comm_ms, m.comm_total_ms, m.comm_hidden_ms,
      m.wire_bytes, m.memory_mb);
  if (m.gpu.utilization) line += fmt::format(R"(,"gpu_utilization":{:.6g})", *m.gpu.utilization);
  if (m.gpu.memory_mb) line += fmt::format(R"(,"gpu_memory_mb":{:.3f})", *m.gpu.memory_mb);
  return line + "}\n";
}

}  // namespace

MetricsLog::MetricsLog(const std::filesystem::path& path, int64_t last_step) : path_(path) {
  if (std::filesystem::is_regular_file(path)) {
    const std::string old = read_file(path);
    size_t kept = 0;
    for (size_t end = old.find('\n'); end != std::string::npos; end = old.find('\n', kept)) {
      try {
        const auto line = nlohmann::json::parse(old.begin() + static_cast<std::ptrdiff_t>(kept),
                                                old.begin() + static_cast<std::ptrdiff_t>(end));
        const int64_t step = line.at("step");
        if (step > last_step) break;
        std::optional<double> val_loss;
        if (line.contains("val_loss")) val_loss = line["val_loss"].get<double>();
        remember(step, line.at("train_loss"), val_loss);
      } catch (const nlohmann::json::exception&) {
        throw UserError(
            fmt::format("{} is damaged: its line {} is not one of metrics", path.string(),
                        std::count(old.begin(), old.begin() + static_cast<std::ptrdiff_t>(kept), '\n') + 1));
      }
      kept = end + 1;
    }
    if (kept < old.size()) write_file_atomically(path, std::string_view(old).substr(0, kept));
  }
  file_.reset(std::fopen(path.c_str(), "ae"));
  GPT_REQUIRE(file_, "cannot write {}: {}", path.string(), std::strerror(errno));
}

void MetricsLog::append(const StepMetrics& metrics) {
  const std::string line = to_line(metrics);
  const bool written =
      std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() && std::fflush(file_.get()) == 0;
  GPT_REQUIRE(written, "cannot write {}: {}", path_.string(), std::strerror(errno));
  remember(metrics.step, metrics.train_loss, metrics.val_loss);
}

void MetricsLog::sync() {
  GPT_REQUIRE(::fsync(::fileno(file_.get())) == 0, "cannot write {}: {}", path_.string(),
              std::strerror(errno));
}

void MetricsLog::remember(int64_t step, double train_loss, const std::optional<double>& val_loss) {
  train_.push_back({static_cast<double>(step), train_loss});
  if (val_loss) validation_.push_back({static_cast<double>(step), *val_loss});
}

LinePlot MetricsLog::plot() const {
  LinePlot plot("Loss", {"step"}, {"cross-entropy (nats per token)"});
  plot.add({.name = "training", .points = train_});
  if (!validation_.empty()) plot.add({.name = "validation", .points = validation_, .markers = true});
  return plot;
}

}  // namespace gpt
