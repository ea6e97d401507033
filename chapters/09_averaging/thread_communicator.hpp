#pragma once
// The communicator whose ranks are threads of one process. They share memory: what one rank lays down, the
// others read and write directly.

#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "09_averaging/background_worker.hpp"
#include "09_averaging/meeting.hpp"

namespace gpt {

/// What the ranks of one group share. The asynchronous operations, which run on the ranks' background
/// threads, have a meeting of their own, so that they never mix with what the ranks do in the foreground.
struct ThreadGroup {
  ThreadGroup(std::shared_ptr<World> shared_world, int ranks)
      : world(std::move(shared_world)),
        size(ranks),
        foreground(world, ranks),
        background(world, ranks),
        children(static_cast<size_t>(ranks)),
        present(static_cast<size_t>(ranks), true) {}

  std::shared_ptr<World> world;
  int size;
  Meeting foreground, background;
  std::map<std::pair<int, int>, std::deque<Tensor>> mail;  // (from, to) → messages on their way
  std::vector<std::shared_ptr<ThreadGroup>> children;      // during split(): by the child's first member
  std::vector<bool> present;                               // rank → it has not left yet
};

/// One rank of a ThreadGroup. See Communicator for the contracts. Results do not depend on timing: reductions
/// are taken in order of rank. send() returns at once; the message waits in the receiver's mailbox.
class ThreadCommunicator final : public Communicator {
 public:
  ThreadCommunicator(int rank, std::shared_ptr<ThreadGroup> group);
  /// Finishes the operations in progress; but when it is an exception that ends this rank while some are in
  /// progress, stops the whole run, because nobody can tell whether the other ranks would ever join them.
  ~ThreadCommunicator() override;

  int rank() const override { return rank_; }
  int size() const override { return group_->size; }
  std::string_view name() const override { return "threads"; }
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
  std::unique_ptr<Communicator> split(int color, int key) override;

 private:
  void all_reduce_in(Meeting& meeting, const Tensor& flat, ReduceOp op);
  void check_rank(int other, std::string_view role) const;

  int rank_;
  std::shared_ptr<ThreadGroup> group_;
  std::optional<BackgroundWorker> worker_;  // made by the first asynchronous call
  int exceptions_;                          // in flight when this was made
};

}  // namespace gpt
