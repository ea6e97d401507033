#include "16_trainer/metrics_reader.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/check.hpp"

namespace gpt {

// [poll]
bool MetricsReader::poll() {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) {
    GPT_REQUIRE(errno == ENOENT, "cannot read {}: {}", path_.string(), std::strerror(errno));
    status = {};
  }
  const auto size = static_cast<uint64_t>(status.st_size);
  const bool anew = status.st_ino != file_ || size < taken_;
  const size_t before = anew ? 0 : steps_.size();
  const bool forgotten = anew && !steps_.empty();
  if (anew) steps_.clear(), taken_ = 0, damaged_ = 0, file_ = status.st_ino;
  if (size > taken_) {
    std::ifstream file(path_, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(taken_));
    std::string text(size - taken_, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
    size_t begin = 0;
    for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      take_line(std::string_view(text).substr(begin, end - begin));
    taken_ += begin;  // what follows the last line feed is taken when its own has come
  }
  return forgotten || steps_.size() != before;
}
// [/poll]

void MetricsReader::take_line(std::string_view line) {
  if (line.empty()) return;
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const auto number = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_number() ? found->get<double>() : std::nan("");
  };
  if (!json.is_object() || !json.contains("step") || !json["step"].is_number_integer() ||
      std::isnan(number("train_loss"))) {
    ++damaged_;
    return;
  }
  const auto or_zero = [&](const char* name) {  // what an older version did not write
    const double value = number(name);
    return std::isnan(value) ? 0.0 : value;
  };
  const auto if_there = [&](const char* name) -> std::optional<double> {
    const double value = number(name);
    return std::isnan(value) ? std::nullopt : std::optional(value);
  };
  StepMetrics m;
  m.step = json["step"];
  m.train_loss = number("train_loss");
  m.val_loss = if_there("val_loss");
  m.lr = or_zero("lr");
  m.grad_norm = or_zero("grad_norm");
  m.tokens_per_second = or_zero("tokens_per_second");
  m.step_ms = or_zero("step_ms");
  m.comm_ms = or_zero("comm_ms");
  m.comm_total_ms = or_zero("comm_total_ms");
  m.comm_hidden_ms = or_zero("comm_hidden_ms");
  m.wire_bytes = static_cast<int64_t>(std::min(9e18, std::max(0.0, or_zero("wire_bytes"))));
  m.memory_mb = or_zero("memory_mb");
  m.gpu = {.utilization = if_there("gpu_utilization"), .memory_mb = if_there("gpu_memory_mb")};
  steps_.push_back(m);
}

}  // namespace gpt
