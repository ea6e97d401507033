#pragma once
// What ranks need of each other: the collectives, and messages between two.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "01_tensors/tensor.hpp"
#include "common/timing.hpp"

namespace gpt {

enum class ReduceOp { sum, max, average };

/// A collective in progress. Its tensors must not be touched before wait() has returned.
class Work {
 public:
  virtual ~Work() = default;
  /// Blocks until the result is there; throws what the collective threw. May be called again.
  virtual void wait() = 0;
  /// When the operation ran, not when it was asked for. Known once wait() has returned.
  virtual Interval interval() const = 0;
};

// [communicator]
/// A group of ranks 0 … size()-1. Every collective is called by all ranks, in the same order and with the
/// same sizes and types; each rank passes its own tensor. Tensors are contiguous, f32, bf16, f64 or i32 (bf16
/// is summed in f32), in the memory of the host. One thread per rank calls it. Implementations: threads (this
/// chapter), MPI (10), NCCL (12).
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual std::string_view name() const = 0;
  /// May tensors lie in this memory?
  virtual bool takes(Device device) const { return device == Device::cpu; }

  virtual void barrier() = 0;
  /// Every rank's `tensor` becomes that of `root`.
  virtual void broadcast(const Tensor& tensor, int root) = 0;
  /// Every rank's `tensor` becomes the elementwise sum, maximum or average over the ranks, with the same bits
  /// on all.
  virtual void all_reduce(const Tensor& tensor, ReduceOp op) = 0;
  /// The same, in the background. Operations started one after the other finish in that order.
  virtual std::unique_ptr<Work> all_reduce_async(const Tensor& tensor, ReduceOp op) = 0;
  /// `whole`: n · size() elements, `part`: n. Rank r gets part r of the reduced whole.
  virtual void reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp op) = 0;
  /// The reverse: `whole` becomes all ranks' parts in order of rank.
  virtual void all_gather(const Tensor& whole, const Tensor& part) = 0;
  virtual void send(const Tensor& tensor, int to) = 0;
  virtual void receive(const Tensor& tensor, int from) = 0;
  /// The ranks that call with the same color form a new group, ordered by key, then by rank.
  virtual std::unique_ptr<Communicator> split(int color, int key) = 0;

  // Composed from the above, where an implementation knows nothing better.
  /// Sends `sent` to rank `other` and receives `received` from it; `other` calls it, too, the other way
  /// round. The two tensors do not overlap; they are of one type and may differ in length.
  virtual void exchange(const Tensor& sent, const Tensor& received, int other);
  /// A tensor of zeros, in the memory from which this group reduces fastest. Collective.
  virtual Tensor zeros(const Shape& shape, DType dtype) { return Tensor::zeros(shape, dtype); }
  double all_reduce(double value, ReduceOp op);
  /// Every rank's text becomes that of `root`.
  std::string broadcast(const std::string& text, int root);
};
// [/communicator]

/// Runs body(communicator) on `ranks` threads of this process, each as one rank, and waits for all. When one
/// throws, the others are woken from whatever collective they wait in, and the first exception is thrown
/// here.
void run_threads(int ranks, const std::function<void(Communicator&)>& body);

/// A group of one: every collective is done as soon as it starts.
std::unique_ptr<Communicator> make_single_communicator();

}  // namespace gpt
