#pragma once
// The communicator whose ranks are processes, on one machine or many: MPI carries the bytes.

#include <mpi.h>

#include <memory>

#include "09_averaging/background_worker.hpp"
#include "09_averaging/communicator.hpp"
#include "10_collectives/all_reducer.hpp"
#include "10_collectives/mpi_session.hpp"
#include "10_collectives/plan.hpp"

namespace gpt {

/// One rank of a group of processes. See Communicator for the contracts. The all-reduces go by a plan: the
/// size of a message chooses the algorithm, and with it the order of the sum and how often bf16 is rounded
/// (see collectives.hpp). All else is MPI's own. send() may wait until the receiver is there.
class MpiCommunicator final : public Communicator {
 public:
  /// Messages longer than this are sent in pieces: counts in MPI are of 32 bits, and Open MPI's all-reduce in
  /// shared memory is twice as fast in pieces that stay in cache.
  static constexpr int64_t default_piece_bytes = 1 << 20;

  /// A group of the same ranks as `parent`, with the default plan of their hosts. Called by all of them.
  explicit MpiCommunicator(MPI_Comm parent, int64_t piece_bytes = default_piece_bytes);
  /// Finishes the operations in progress; but when an exception ends this rank, leaves them alone: the other
  /// ranks may never join them, and the program's end will end the job (see run_mpi_program()).
  ~MpiCommunicator() override;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string_view name() const override { return "mpi"; }
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
  /// Both directions at once, in pieces: see PointToPoint::exchange().
  void exchange(const Tensor& sent, const Tensor& received, int other) override;
  /// The new group goes by the same plan, unless it is on one host and this one is not.
  std::unique_ptr<Communicator> split(int color, int key) override;
  /// On one host, in memory that all ranks share (see SharedRows).
  Tensor zeros(const Shape& shape, DType dtype) override;

  /// From now on all-reduces go by this plan, in the foreground, in the background and in groups split off.
  /// All ranks must set the same. Throws UserError for shared memory where the ranks are on several hosts.
  void set_plan(AllReducePlan plan);
  const AllReducePlan& plan() const { return plan_; }
  /// In the foreground, whatever the plan says.
  void all_reduce_by(AllReduceAlgorithm algorithm, const Tensor& tensor, ReduceOp op);
  /// See hosts_of().
  const std::vector<int>& hosts() const { return hosts_; }

 private:
  MPI_Comm comm() const { return comm_.get(); }

  OwnedMpiComm comm_;
  int64_t piece_bytes_;
  int rank_ = 0, size_ = 0;
  std::vector<int> hosts_;
  AllReducePlan plan_;
  std::shared_ptr<SharedRows> rows_;  // nullptr when the ranks are on several hosts
  // Foreground and background never meet: each has its own messages and its own shared memory. The worker may
  // survive this object, and then keeps what it works with.
  std::shared_ptr<AllReducer> foreground_, background_;
  std::unique_ptr<BackgroundWorker> worker_;  // made by the first asynchronous call
  int exceptions_;                            // in flight when this was made
};

/// All processes of the job: an MpiCommunicator when there are several, else a group of one.
std::unique_ptr<Communicator> make_world_communicator(const MpiSession& session);

}  // namespace gpt
