#pragma once
// Where a run keeps what it makes.

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace gpt {

/// The files of a run, below one folder.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path config() const { return path / "config.json"; }
  std::filesystem::path communication() const { return path / "communication.json"; }
  std::filesystem::path tokenizer() const { return path / "tokenizer.json"; }
  std::filesystem::path training_tokens() const { return path / "data" / "train.tok"; }
  std::filesystem::path validation_tokens() const { return path / "data" / "validation.tok"; }
  std::filesystem::path metrics() const { return path / "metrics.jsonl"; }
  std::filesystem::path tensorboard() const { return path / "tensorboard"; }
  std::filesystem::path history() const { return path / "history.jsonl"; }
  std::filesystem::path plot() const { return path / "loss.svg"; }
  std::filesystem::path sample() const { return path / "sample.txt"; }
  std::filesystem::path checkpoints() const { return path / "checkpoints"; }

  /// A run begins with its config.json.
  bool holds_a_run() const {
    std::error_code ignored;
    return std::filesystem::exists(config(), ignored);
  }
};

/// The folder of a new run: `out`, or when that is empty out/PRESET or the first free of out/PRESET-2,
/// out/PRESET-3, … Nothing is made yet. Throws UserError when `out` holds a run or anything else.
RunFolder new_run_folder(const std::string& out, const std::string& preset);

/// Makes the folder, and those above it. Throws UserError.
void make_folder(const std::filesystem::path& path);

/// Keeps two programs from training in one folder: held by the one that does, and free when its process ends,
/// however.
class FolderLock {
 public:
  FolderLock() = default;
  explicit FolderLock(const std::filesystem::path& path);  ///< throws UserError when another process holds it
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

 private:
  int descriptor_ = -1;
};

/// Whether a process of this host, or of another that shares the folder with its locks, holds it. The look
/// takes microseconds, in which FolderLock waits.
bool is_locked(const std::filesystem::path& path);

/// The folder of a run that is there: `out`, or when that is empty the one in out/ that was written last.
/// Throws UserError when there is none.
RunFolder existing_run_folder(const std::string& out);

}  // namespace gpt
