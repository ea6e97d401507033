#pragma once
// The memory of a GPU, and memory of the host that a GPU can reach by itself.

#include "01_tensors/allocator.hpp"
#include "06_simt/simt.hpp"

namespace gpt::KERNEL_SPACE {

/// The memory of one device, and the one stream in which everything happens there: kernels and copies run in
/// the order in which they were asked for. Therefore a block that the host has let go of may be handed out
/// again at once, though kernels that use it have yet to run: those of its next owner run after them.
class DeviceMemory final : public Memory {
 public:
  /// Makes `device` the one that this thread uses.
  explicit DeviceMemory(int device);
  ~DeviceMemory() override;
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  Device device() const override;
  void* take(int64_t bytes) override;
  void give_back(void* block) override;
  /// Throws UserError: what it needs, what there is, and what to try.
  [[noreturn]] void out_of_memory(int64_t bytes, int64_t in_use) const override;
  void copy_in(void* to, const void* from_host, int64_t bytes) override;
  void copy_out(void* to_host, const void* from, int64_t bytes) override;
  void copy_within(void* to, const void* from, int64_t bytes) override;  ///< does not wait
  std::shared_ptr<Allocator> staging() const override { return staging_; }

  cudaStream_t stream() const { return stream_; }
  int number() const { return number_; }  ///< of the device
  /// Makes it the device of the thread that calls: each has one of its own, at first number 0.
  void use() const;
  /// Waits until the stream is empty; what went wrong in a kernel is thrown here.
  void synchronize() const;

 private:
  int number_;
  cudaStream_t stream_ = nullptr;
  std::shared_ptr<Allocator> staging_;
};

/// Host memory that the system never moves ("pinned"): the GPU copies to and from it by itself, at the full
/// speed of the bus and while the host does something else. From any other memory the driver copies into such
/// a piece first.
class PinnedMemory final : public Memory {
 public:
  Device device() const override { return Device::cpu; }
  void* take(int64_t bytes) override;
  void give_back(void* block) override;
  [[noreturn]] void out_of_memory(int64_t bytes, int64_t in_use) const override;
  void copy_in(void* to, const void* from, int64_t bytes) override { copy_within(to, from, bytes); }
  void copy_out(void* to, const void* from, int64_t bytes) override { copy_within(to, from, bytes); }
  void copy_within(void* to, const void* from, int64_t bytes) override;
  std::shared_ptr<Allocator> staging() const override { return host_allocator(); }
};

}  // namespace gpt::KERNEL_SPACE
