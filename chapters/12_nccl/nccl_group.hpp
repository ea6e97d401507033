#pragma once
// One communicator of NCCL, its stream, and the operations on their way in it.

#include <deque>
#include <functional>
#include <vector>

#include "10_collectives/collective_log.hpp"
#include "12_nccl/streams.hpp"

namespace gpt::KERNEL_SPACE {

// [operation]
/// Something that was enqueued.
struct NcclOperation {
  Call call;                     ///< what it is, for messages
  std::vector<Tensor> memory;    ///< held until it is done: nobody else may be given this memory before
  std::function<void()> finish;  ///< run once it is done, such as a copy to the host; may be empty
  Event begin, end;
  bool finished = false;
  Interval interval;  ///< once finished
};
// [/operation]

/// The ranks of one NCCL communicator, as one of them sees it. Nothing here blocks without an end: every wait
/// asks the device, asks NCCL whether something went wrong, and looks at the clock. When it is over, the
/// communicator is aborted, and this and every later call throws Error, which names the rank and the cause.
class NcclGroup {
 public:
  /// `id` is what rank 0 got from new_id(). The device is this thread's. Collective.
  NcclGroup(const NcclLibrary& library, const std::string& id, int rank, int size, double deadline);
  /// Ends what is in progress; when it is an exception that ends this rank, by aborting it.
  ~NcclGroup();
  NcclGroup(const NcclGroup&) = delete;
  NcclGroup& operator=(const NcclGroup&) = delete;

  static std::string new_id(const NcclLibrary& library);

  int rank() const { return rank_; }
  int size() const { return size_; }
  const NcclLibrary& library() const { return library_; }
  double deadline() const { return deadline_; }  ///< seconds of the longest wait
  void set_deadline(double seconds) { deadline_ = seconds; }

  using Enqueue = std::function<ncclResult_t(ncclComm_t, cudaStream_t)>;
  /// Enqueues an operation behind all that the streams of its tensors were asked for, and behind the
  /// operations before it.
  void start(const std::shared_ptr<NcclOperation>& operation, const Enqueue& enqueue);
  /// Waits until it and all before it are done.
  void wait(const NcclOperation& operation);

 private:
  template <class F>
  void poll(const std::string& what, F&& done);
  void accept(ncclResult_t result, const std::string& what);
  [[noreturn]] void fail(const std::string& what, const std::string& cause);
  void set_clock();

  const NcclLibrary& library_;
  const int rank_, size_;
  double deadline_;
  CommunicationStream stream_;
  ncclComm_t comm_ = nullptr;
  std::string failure_;  // what every call says from now on
  std::deque<std::shared_ptr<NcclOperation>> in_flight_;
  Event origin_;                                       // a moment on the device, and …
  std::chrono::steady_clock::time_point origin_time_;  // … the same on the host's clock
  int exceptions_;                                     // in flight when this was made
};

}  // namespace gpt::KERNEL_SPACE
