#pragma once
// The communicator whose tensors lie on GPUs.

#include "08_gpu_training/device_memory.hpp"
#include "09_averaging/communicator.hpp"
#include "12_nccl/nccl_group.hpp"

namespace gpt::KERNEL_SPACE {

/// A Communicator over NCCL. Tensors of the device are used where they lie. Those of the host take the way
/// over the device, and come back when the operation is waited for, or a later one. See Communicator for the
/// contracts; two things are NCCL's own: sums of bf16 are rounded at every step, and sums of i32 have 32
/// bits.
class NcclCommunicator final : public Communicator {
 public:
  /// `memory` is that of this rank's device, an allocator of DeviceMemory, for what this needs itself; each
  /// tensor is taken to be computed in the stream of its own memory. `id` is NcclGroup::new_id() of rank 0.
  /// The library outlives it. Collective.
  NcclCommunicator(const NcclLibrary& library, const std::string& id, int rank, int size,
                   std::shared_ptr<Allocator> memory, double deadline);

  int rank() const override { return group_->rank(); }
  int size() const override { return group_->size(); }
  std::string_view name() const override { return "nccl"; }
  /// From now on, seconds of the longest wait.
  void set_deadline(double seconds) { group_->set_deadline(seconds); }
  bool takes(Device device) const override { return device == Device::cpu || device == memory_->device(); }

  void barrier() override;
  using Communicator::broadcast;
  void broadcast(const Tensor& tensor, int root) override;
  using Communicator::all_reduce;
  void all_reduce(const Tensor& tensor, ReduceOp op) override;
  std::unique_ptr<Work> all_reduce_async(const Tensor& tensor, ReduceOp op) override;
  void reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp op) override;
  void all_gather(const Tensor& whole, const Tensor& part) override;
  void send(const Tensor& tensor, int to) override;
  void receive(const Tensor& tensor, int from) override;
  void exchange(const Tensor& sent, const Tensor& received, int other) override;
  std::unique_ptr<Communicator> split(int color, int key) override;

 private:
  class Handle;
  using Operation = std::shared_ptr<NcclOperation>;
  Tensor input(const Tensor& tensor) const;
  Tensor output(const Tensor& tensor) const;
  Operation start(const Call& call, std::vector<Tensor> memory, const NcclGroup::Enqueue& enqueue,
                  std::function<void()> finish = {});
  void run(const Call& call, std::vector<Tensor> memory, const NcclGroup::Enqueue& enqueue,
           std::function<void()> finish = {});
  void check_rank(int other, std::string_view role) const;

  const NcclLibrary& nccl_;
  std::shared_ptr<Allocator> memory_;
  Tensor word_;                       // for the barrier
  std::shared_ptr<NcclGroup> group_;  // shared with the handles of operations in progress
};

}  // namespace gpt::KERNEL_SPACE
