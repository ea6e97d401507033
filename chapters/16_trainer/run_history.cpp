#include "16_trainer/run_history.hpp"

#include <cstdio>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

using Json = nlohmann::ordered_json;

void append_line(const std::filesystem::path& path, const Json& json) {
  const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "ae"), std::fclose);
  const bool written = file && std::fwrite(line.data(), 1, line.size(), file.get()) == line.size() &&
                       std::fflush(file.get()) == 0;
  GPT_REQUIRE(written, "cannot write {}", path.string());
}

}  // namespace

void write_beginning(const std::filesystem::path& history, const RunPeriod& p) {
  append_line(history, {{"begins_after", p.first_step},
                        {"time", std::time(nullptr)},
                        {"ranks", p.ranks},
                        {"threads", p.threads},
                        {"parameters", p.parameters},
                        {"training_tokens", p.training_tokens},
                        {"validation_tokens", p.validation_tokens},
                        {"backend", p.backend},
                        {"sums", p.sums}});
}

void write_ending(const std::filesystem::path& history, const RunPeriod& p) {
  append_line(history, {{"ends_after", p.last_step},
                        {"time", std::time(nullptr)},
                        {"ending", p.ending},
                        {"message", p.message}});
}

std::vector<RunPeriod> read_history(const std::filesystem::path& history) {
  std::vector<RunPeriod> periods;
  std::error_code error;
  if (!std::filesystem::is_regular_file(history, error)) return periods;
  std::istringstream lines(read_file(history));
  for (std::string line; std::getline(lines, line);) {
    try {
      const Json json = Json::parse(line);
      if (json.contains("begins_after")) {
        RunPeriod p;
        p.first_step = json.at("begins_after"), p.started = json.at("time");
        p.ranks = json.at("ranks"), p.threads = json.at("threads");
        p.parameters = json.at("parameters");
        p.training_tokens = json.at("training_tokens"), p.validation_tokens = json.at("validation_tokens");
        p.backend = json.at("backend"), p.sums = json.at("sums");
        periods.push_back(p);
      } else if (!periods.empty()) {
        RunPeriod p = periods.back();
        p.last_step = json.at("ends_after"), p.ended = json.at("time");
        p.ending = json.at("ending"), p.message = json.at("message");
        periods.back() = p;
      }
    } catch (const nlohmann::json::exception&) {
      continue;  // half a line, of a process that was killed
    }
  }
  return periods;
}

}  // namespace gpt
