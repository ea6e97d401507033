#pragma once
// How many bytes a rank sends.

#include <atomic>
#include <memory>

#include "09_averaging/communicator.hpp"

namespace gpt {

// [counter]
/// Bytes that this rank has sent. Several threads may add to it.
class WireCounter {
 public:
  void add(int64_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> bytes_ = 0;
};

/// A communicator that counts. Messages count as what they are; a collective as what it costs each rank where
/// messages go around a ring, whatever way is really taken: of n bytes on p ranks, an all-reduce 2(p-1)/p · n
/// and an all-gather (p-1)/p of the whole. A broadcast counts n, but on the root nothing. So the figures of
/// two methods can be compared, on shared memory as on a wire.
class CountingCommunicator final : public Communicator {
 public:
  /// `counted` outlives it, and so does it the groups that split() makes.
  CountingCommunicator(Communicator& counted, std::shared_ptr<WireCounter> counter)
      : counted_(counted), counter_(std::move(counter)) {}
  CountingCommunicator(std::unique_ptr<Communicator> counted, std::shared_ptr<WireCounter> counter)
      : owned_(std::move(counted)), counted_(*owned_), counter_(std::move(counter)) {}

  int rank() const override { return counted_.rank(); }
  int size() const override { return counted_.size(); }
  std::string_view name() const override { return counted_.name(); }
  bool takes(Device device) const override { return counted_.takes(device); }
  void barrier() override { counted_.barrier(); }
  using Communicator::broadcast;
  void broadcast(const Tensor& tensor, int root) override;
  using Communicator::all_reduce;
  void all_reduce(const Tensor& tensor, ReduceOp op) override;
  std::unique_ptr<Work> all_reduce_async(const Tensor& tensor, ReduceOp op) override;
  void reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp op) override;
  void all_gather(const Tensor& whole, const Tensor& part) override;
  void send(const Tensor& tensor, int to) override;
  void receive(const Tensor& tensor, int from) override { counted_.receive(tensor, from); }
  void exchange(const Tensor& sent, const Tensor& received, int other) override;
  std::unique_ptr<Communicator> split(int color, int key) override;
  Tensor zeros(const Shape& shape, DType dtype) override { return counted_.zeros(shape, dtype); }

 private:
  std::unique_ptr<Communicator> owned_;
  Communicator& counted_;
  std::shared_ptr<WireCounter> counter_;
};
// [/counter]

/// What an all-reduce of so many bytes counts as.
constexpr int64_t all_reduce_bytes(int64_t bytes, int ranks) {
  return 2 * (ranks - 1) * bytes / ranks;
}

}  // namespace gpt
