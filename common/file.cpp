#include "common/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/check.hpp"

namespace gpt {
namespace {

std::string reason() { return std::strerror(errno); }

/// Opens for reading; a folder is refused here, because reading one fails only later and less clearly.
int open_for_reading(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  GPT_REQUIRE(descriptor >= 0, "cannot read {}: {}", path.string(), reason());
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || S_ISDIR(status.st_mode)) {
    ::close(descriptor);
    throw UserError(fmt::format("cannot read {}: it is a folder", path.string()));
  }
  return descriptor;
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const int descriptor = open_for_reading(path);
  std::string contents;
  char block[1 << 16];
  ssize_t got = 0;
  while ((got = ::read(descriptor, block, sizeof block)) > 0) contents.append(block, static_cast<size_t>(got));
  const std::string why = reason();
  ::close(descriptor);
  GPT_REQUIRE(got == 0, "cannot read {}: {}", path.string(), why);
  return contents;
}

FileWriter::FileWriter(const std::filesystem::path& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  GPT_REQUIRE(descriptor_ >= 0, "cannot write {}: {}", path.string(), reason());
}

FileWriter::~FileWriter() {
  if (descriptor_ < 0) return;
  struct stat status {};
  const bool is_file = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);  // never remove a device
  ::close(descriptor_);
  if (is_file) ::unlink(path_.c_str());
}

void FileWriter::write(const void* data, size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t put = ::write(descriptor_, at, bytes);
    if (put < 0 && errno == EINTR) continue;
    GPT_REQUIRE(put > 0, "cannot write {}: {}", path_.string(), reason());
    at += put;
    bytes -= static_cast<size_t>(put);
  }
}

void FileWriter::write_at(uint64_t offset, const void* data, size_t bytes) {
  const ssize_t put = ::pwrite(descriptor_, data, bytes, static_cast<off_t>(offset));
  GPT_REQUIRE(put == static_cast<ssize_t>(bytes), "cannot write {}: {}", path_.string(), reason());
}

void FileWriter::close() {
  GPT_REQUIRE(::fsync(descriptor_) == 0, "cannot write {}: {}", path_.string(), reason());
  const int result = ::close(std::exchange(descriptor_, -1));
  GPT_REQUIRE(result == 0, "cannot write {}: {}", path_.string(), reason());
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  GPT_REQUIRE(descriptor >= 0, "cannot open the folder {}: {}", folder.string(), reason());
  ::fsync(descriptor);  // some file systems cannot sync a folder; then there is nothing more to do
  ::close(descriptor);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  std::filesystem::path temporary = path;
  temporary += ".partial";
  {
    FileWriter writer(temporary);
    writer.write(contents.data(), contents.size());
    writer.close();
  }
  rename_durably(temporary, path);
}

void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    const std::string why = reason();
    ::unlink(from.c_str());
    throw UserError(fmt::format("cannot write {}: {}", to.string(), why));
  }
  sync_folder(to.has_parent_path() ? to.parent_path() : std::filesystem::path("."));
}

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const int descriptor = open_for_reading(path);
  struct stat status {};
  ::fstat(descriptor, &status);
  size_ = static_cast<size_t>(status.st_size);
  if (size_ > 0) data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const std::string why = reason();
  ::close(descriptor);
  if (data_ == MAP_FAILED) {
    data_ = nullptr;
    throw UserError(fmt::format("cannot map {}: {}", path.string(), why));
  }
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  return *this;
}

uint64_t checksum(std::span<const std::byte> bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

uint64_t checksum(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace gpt
