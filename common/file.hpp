#pragma once
// Files: read whole, mapped, and written so that nothing is ever lost.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace gpt {

/// The whole file as bytes. Throws UserError with the path and the system's reason.
std::string read_file(const std::filesystem::path& path);

/// Writes `contents` under a temporary name beside `path`, syncs it to the disk and renames it to `path`: at every
/// moment `path` is either the old file or the whole new one. Throws UserError, and leaves no temporary file.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents);

/// A file descriptor opened for writing, for files too large for one string.
/// Order of calls: construct, write() any number of times, close(). Destroyed without close(), it removes the file.
class FileWriter {
 public:
  explicit FileWriter(const std::filesystem::path& path);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void write(const void* data, size_t bytes);  ///< appends; throws UserError, a full disk included
  void write_at(uint64_t offset, const void* data, size_t bytes);  ///< overwrites bytes that were written before
  void close();  ///< syncs to the disk and closes; throws UserError

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// Renames `from`, a finished file, to `to` and syncs the folder. Throws UserError, and then removes `from`.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// Syncs a folder's entries to the disk, so that a rename in it survives a power cut.
void sync_folder(const std::filesystem::path& folder);

/// A file mapped into memory, read-only. Pages are loaded when they are touched, so a file may exceed the memory.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::filesystem::path& path);  ///< throws UserError
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }
  const std::filesystem::path& path() const { return path_; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
  std::filesystem::path path_;
};

/// XXH3's 64-bit checksum of `bytes`; `seed` chains several pieces: checksum(b, checksum(a)).
uint64_t checksum(std::span<const std::byte> bytes, uint64_t seed = 0);
uint64_t checksum(std::string_view bytes, uint64_t seed = 0);

}  // namespace gpt
