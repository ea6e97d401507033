#pragma once
// One group of ranks with two ways between them: one for tensors of the host, one for those of the device.

#include "09_averaging/communicator.hpp"

namespace gpt {

// [both]
/// Tensors of the host go through `host`, all others through `device`; so do barriers and the like through
/// `host`, where another rank's trouble is found out. Both have the same ranks with the same numbers.
class HostAndDevice final : public Communicator {
 public:
  /// `host` outlives it.
  HostAndDevice(Communicator& host, std::unique_ptr<Communicator> device);
  HostAndDevice(std::unique_ptr<Communicator> host, std::unique_ptr<Communicator> device);
  // [/both]

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  std::string_view name() const override { return device_->name(); }
  bool takes(Device device) const override { return host_.takes(device) || device_->takes(device); }
  void barrier() override { host_.barrier(); }
  using Communicator::broadcast;
  void broadcast(const Tensor& tensor, int root) override { of(tensor).broadcast(tensor, root); }
  using Communicator::all_reduce;
  void all_reduce(const Tensor& tensor, ReduceOp op) override { of(tensor).all_reduce(tensor, op); }
  std::unique_ptr<Work> all_reduce_async(const Tensor& tensor, ReduceOp op) override {
    return of(tensor).all_reduce_async(tensor, op);
  }
  void reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp op) override {
    of(whole).reduce_scatter(part, whole, op);
  }
  void all_gather(const Tensor& whole, const Tensor& part) override { of(whole).all_gather(whole, part); }
  void send(const Tensor& tensor, int to) override { of(tensor).send(tensor, to); }
  void receive(const Tensor& tensor, int from) override { of(tensor).receive(tensor, from); }
  void exchange(const Tensor& sent, const Tensor& received, int other) override {
    of(sent).exchange(sent, received, other);
  }
  std::unique_ptr<Communicator> split(int color, int key) override;
  Tensor zeros(const Shape& shape, DType dtype) override { return host_.zeros(shape, dtype); }

 private:
  Communicator& of(const Tensor& tensor) const { return host_.takes(tensor.device()) ? host_ : *device_; }

  std::unique_ptr<Communicator> owned_;
  Communicator& host_;
  std::unique_ptr<Communicator> device_;
};

}  // namespace gpt
