#pragma once
// A communicator that writes down what is asked of it.

#include <functional>
#include <memory>
#include <string>

#include "10_collectives/collective_log.hpp"

namespace gpt {

/// Passes every call on to another communicator, and enters it in a log before it starts: where the job
/// hangs or the ranks differ, the log says in which call. So do the groups that split() makes of it. It
/// changes no result and sends nothing of its own.
class WatchedCommunicator final : public Communicator {
 public:
  /// `watched` outlives it. `group` is this group's name in the log: "" for all ranks.
  WatchedCommunicator(Communicator& watched, std::shared_ptr<CollectiveLog> log, std::string group = "");
  /// The same, as the owner of `watched`.
  WatchedCommunicator(std::unique_ptr<Communicator> watched, std::shared_ptr<CollectiveLog> log,
                      std::string group);
  ~WatchedCommunicator() override;

  int rank() const override { return watched_.rank(); }
  int size() const override { return watched_.size(); }
  std::string_view name() const override { return watched_.name(); }
  bool takes(Device device) const override { return watched_.takes(device); }
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
  /// In the log, it is the receiving half: that is what a rank waits for.
  void exchange(const Tensor& sent, const Tensor& received, int other) override;
  std::unique_ptr<Communicator> split(int color, int key) override;
  /// In the log, it is a barrier.
  Tensor zeros(const Shape& shape, DType dtype) override;

 private:
  class WatchedWork;
  /// Enters a call in the log, and runs `body`, which waits for the other ranks. Returns the call's number.
  uint64_t watch(const Call& call, const std::function<void()>& body,
                 Lane::Kind kind = Lane::Kind::foreground);

  std::unique_ptr<Communicator> owned_;
  Communicator& watched_;
  std::shared_ptr<CollectiveLog> log_;  // shared: work in the background may survive what ends this rank
  std::string group_;
};

}  // namespace gpt
