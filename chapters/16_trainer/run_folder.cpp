#include "16_trainer/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "common/check.hpp"

namespace gpt {
namespace fs = std::filesystem;
namespace {

const fs::path default_parent = "out";

/// When a run last made progress: the time of its newest file among those that every run has.
fs::file_time_type last_written(const RunFolder& run) {
  std::error_code ignored;
  fs::file_time_type newest = fs::last_write_time(run.config(), ignored);
  for (const fs::path& path : {run.metrics(), run.checkpoints()})
    if (fs::exists(path, ignored)) newest = std::max(newest, fs::last_write_time(path, ignored));
  return newest;
}

bool is_free(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) return true;
  return fs::is_directory(path, error) && fs::is_empty(path, error) && !error;
}

}  // namespace

RunFolder new_run_folder(const std::string& out, const std::string& preset) {
  if (out.empty()) {
    RunFolder run{default_parent / preset};
    for (int number = 2; !is_free(run.path); ++number)
      run.path = default_parent / fmt::format("{}-{}", preset, number);
    return run;
  }
  const RunFolder run{out};
  GPT_REQUIRE(!run.holds_a_run(),
              "{} holds a run already: go on with it by --resume, or choose another folder by --out", out);
  std::error_code hidden;
  const bool there = fs::exists(run.path, hidden);
  GPT_REQUIRE(there || !hidden, "cannot look into the folder of {}: {}", out, hidden.message());
  GPT_REQUIRE(is_free(run.path),
              "{} is there already, and is no run to --resume: choose another folder by --out", out);
  return run;
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  GPT_REQUIRE(!error, "cannot make the folder {}: {}", path.string(), error.message());
}

FolderLock::FolderLock(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  GPT_REQUIRE(descriptor_ >= 0, "cannot open the folder {}: {}", path.string(), std::strerror(errno));
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
      return;          // some file systems have no locks
    ::usleep(20'000);  // is_locked() may have it for a moment
  }
  ::close(descriptor_);
  throw UserError(fmt::format("another process is training in {}", path.string()));
}

bool is_locked(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool locked = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return locked;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

RunFolder existing_run_folder(const std::string& out) {
  if (!out.empty()) {
    const RunFolder run{out};
    GPT_REQUIRE(run.holds_a_run(), "there is no run in {}: it has no config.json", out);
    return run;
  }
  RunFolder latest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(default_parent, error)) {
    const RunFolder run{entry.path()};
    if (run.holds_a_run() && (latest.path.empty() || last_written(run) > last_written(latest))) latest = run;
  }
  GPT_REQUIRE(!latest.path.empty(), "there is no run in the folder {}: name one, or train one first",
              default_parent.string());
  return latest;
}

}  // namespace gpt
