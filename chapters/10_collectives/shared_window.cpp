#include "10_collectives/shared_window.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "10_collectives/mpi_session.hpp"

namespace gpt {
namespace {

/// A file in memory: without a name, gone with the last process that has it. What it takes to find it.
struct MemoryFile {
  pid_t owner;
  int descriptor;  // in the owner
  dev_t device;    // these two tell it from all other files
  ino_t number;
};

// [files]
/// Makes a file of `bytes` zeros, and says where; -1 when the system refuses.
int make_file(int64_t bytes, MemoryFile& file) {
  const int descriptor = ::memfd_create("shared window", MFD_CLOEXEC);
  struct stat status {};
  if (descriptor < 0 || ::ftruncate(descriptor, bytes) != 0 || ::fstat(descriptor, &status) != 0) return -1;
  file = {::getpid(), descriptor, status.st_dev, status.st_ino};
  return descriptor;
}

/// Linux shows the open files of a process to others of the same user. -1 when it does not, or when the
/// owner's number means another process here, as it may between containers.
int open_file(const MemoryFile& file) {
  const std::string path = fmt::format("/proc/{}/fd/{}", file.owner, file.descriptor);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return -1;
  if (status.st_dev != file.device || status.st_ino != file.number) return -1;
  return ::open(path.c_str(), O_RDWR | O_CLOEXEC);
}
// [/files]

}  // namespace

// [make]
std::unique_ptr<SharedWindow> SharedWindow::make(MPI_Comm comm, int64_t bytes) {
  int rank = 0, size = 0;
  MPI_CHECK(MPI_Comm_rank(comm, &rank));
  MPI_CHECK(MPI_Comm_size(comm, &size));
  const auto page = static_cast<int64_t>(::sysconf(_SC_PAGESIZE));
  const int64_t part = (bytes + page - 1) / page * page;

  MemoryFile file{};
  int descriptor = rank == 0 ? make_file(size * part, file) : -1;
  MPI_CHECK(MPI_Bcast(&file, sizeof(file), MPI_BYTE, 0, comm));
  if (rank > 0) descriptor = open_file(file);
  void* const base = ::mmap(nullptr, static_cast<size_t>(size * part), PROT_READ | PROT_WRITE, MAP_SHARED,
                            descriptor, 0);  // fails when there is no file
  std::unique_ptr<SharedWindow> window;
  if (base != MAP_FAILED) window.reset(new SharedWindow(static_cast<std::byte*>(base), part, size));
  int mapped = window ? 1 : 0;
  // When the ranks agree, each of them has opened the file; and a mapping keeps the memory.
  MPI_CHECK(MPI_Allreduce(MPI_IN_PLACE, &mapped, 1, MPI_INT, MPI_MIN, comm));
  if (descriptor >= 0) ::close(descriptor);
  return mapped ? std::move(window) : nullptr;
}
// [/make]

SharedWindow::SharedWindow(std::byte* base, int64_t part_bytes, int ranks)
    : bytes_(static_cast<size_t>(ranks * part_bytes)) {
  for (int rank = 0; rank < ranks; ++rank) parts_.push_back(base + rank * part_bytes);
}

SharedWindow::~SharedWindow() {
  ::munmap(parts_[0], bytes_);
}

}  // namespace gpt
