#include "12_nccl/standin_segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gpt::standin {

Segment::Segment(std::string name) : name_(std::move(name)) {
  const int file = ::shm_open(name_.c_str(), O_CREAT | O_RDWR, 0600);
  GPT_CHECK(file >= 0, "shared memory {}: {}", name_, std::strerror(errno));
  void* memory = MAP_FAILED;
  if (::ftruncate(file, sizeof(Shared)) == 0)
    memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int error = errno;
  ::close(file);
  GPT_CHECK(memory != MAP_FAILED, "shared memory {}: {}", name_, std::strerror(error));
  shared_ = static_cast<Shared*>(memory);
}

Segment::~Segment() {
  ::munmap(shared_, sizeof(Shared));
}

void Segment::forget_name() {
  ::shm_unlink(name_.c_str());
}

}  // namespace gpt::standin
