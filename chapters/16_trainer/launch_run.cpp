#include "16_trainer/launch_run.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>

#include "16_trainer/checkpoint.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

/// The whole number at the beginning of `text`; 0 where there is none.
int64_t number_at(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

// [checkpoint]
int64_t LaunchedRun::checkpoint() const {
  const auto checkpoints = list_checkpoints(folder_.checkpoints());
  if (checkpoints.empty()) return 0;
  const std::string name = checkpoints.back().filename().string();  // step-000250
  return number_at(std::string_view(name).substr(name.find('-') + 1));
}
// [/checkpoint]

int64_t LaunchedRun::step() const {
  constexpr std::streamoff tail = 4096;  // several lines of metrics.jsonl
  std::ifstream file(folder_.metrics(), std::ios::binary | std::ios::ate);
  if (!file) return 0;
  const std::streamoff size = file.tellg(), length = std::min(size, tail);
  std::string text(static_cast<size_t>(length), '\0');
  file.seekg(size - length);
  file.read(text.data(), length);
  const std::string key = "\n{\"step\":";
  text.insert(0, length == size ? "\n" : "");
  text.resize(text.rfind('\n') + 1);  // a last line that is being written has no newline
  const size_t at = text.rfind(key);
  return at == std::string::npos ? 0 : number_at(std::string_view(text).substr(at + key.size()));
}

bool LaunchedRun::is_free() const {
  if (!folder_.holds_a_run()) return true;
  try {
    const FolderLock lock(folder_.path);
    return true;
  } catch (const UserError&) {
    return false;
  }
}

void LaunchedRun::log(const std::string& event, const nlohmann::ordered_json& more) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  nlohmann::ordered_json line;
  line["time"] =
      static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) / 1e3;
  line["event"] = event;
  line.update(more);
  kept_ += line.dump() + "\n";
  flush();
}

void LaunchedRun::flush() {
  if (kept_.empty() || !folder_.holds_a_run()) return;
  std::ofstream file(folder_.path / "launch.jsonl", std::ios::app);
  file << kept_;
  if (file.flush()) kept_.clear();
}

}  // namespace gpt
