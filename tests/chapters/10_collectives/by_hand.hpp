#pragma once
// A communicator that uses this chapter's collectives for everything, so that the conformance suite can run
// over each of them.

#include <functional>

#include "10_collectives/collectives.hpp"
#include "10_collectives/mpi_communicator.hpp"

namespace gpt {

/// One all-reduce by hand, and what the suite needs of the others.
struct Method {
  std::string name;
  std::function<void(const PointToPoint&, const Tensor&, ReduceOp)> all_reduce;
};

class ByHand final : public Communicator {
 public:
  ByHand(MPI_Comm parent, Method method, int64_t piece_bytes = 1 << 30)
      : ByHand(std::make_unique<MpiCommunicator>(parent), std::move(method), piece_bytes) {
    foreground_ = std::make_unique<OwnedMpiComm>(duplicate(parent));
    background_ = std::make_unique<OwnedMpiComm>(duplicate(parent));
  }

  int rank() const override { return rest_->rank(); }
  int size() const override { return rest_->size(); }
  std::string_view name() const override { return method_.name; }
  void barrier() override { rest_->barrier(); }
  using Communicator::broadcast;
  void broadcast(const Tensor& tensor, int root) override {
    tree_broadcast(PointToPoint(foreground_->get(), piece_bytes_), row_of(tensor), root);
  }
  using Communicator::all_reduce;
  void all_reduce(const Tensor& tensor, ReduceOp op) override {
    method_.all_reduce(PointToPoint(foreground_->get(), piece_bytes_), row_of(tensor), op);
  }
  std::unique_ptr<Work> all_reduce_async(const Tensor& tensor, ReduceOp op) override {
    return worker_.submit([this, tensor, op] {
      method_.all_reduce(PointToPoint(background_->get(), piece_bytes_), row_of(tensor), op);
    });
  }
  void reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp op) override {
    ring_reduce_scatter(PointToPoint(foreground_->get(), piece_bytes_), row_of(part), row_of(whole), op);
  }
  void all_gather(const Tensor& whole, const Tensor& part) override {
    ring_all_gather(PointToPoint(foreground_->get(), piece_bytes_), row_of(whole), row_of(part));
  }
  void send(const Tensor& tensor, int to) override {
    PointToPoint(foreground_->get(), piece_bytes_).send(row_of(tensor), to);
  }
  void receive(const Tensor& tensor, int from) override {
    PointToPoint(foreground_->get(), piece_bytes_).receive(row_of(tensor), from);
  }
  std::unique_ptr<Communicator> split(int color, int key) override {
    MPI_Comm group = MPI_COMM_NULL;
    MPI_CHECK(MPI_Comm_split(foreground_->get(), color, key, &group));
    auto result = std::make_unique<ByHand>(group, method_, piece_bytes_);
    MPI_CHECK(MPI_Comm_free(&group));
    return result;
  }

 private:
  ByHand(std::unique_ptr<MpiCommunicator> rest, Method method, int64_t piece_bytes)
      : rest_(std::move(rest)), method_(std::move(method)), piece_bytes_(piece_bytes) {}

  std::unique_ptr<MpiCommunicator> rest_;
  Method method_;
  int64_t piece_bytes_;
  std::unique_ptr<OwnedMpiComm> foreground_, background_;
  BackgroundWorker worker_;
};

/// Rank r of the group pretends to be on host hosts(r): the hierarchy can then be tested on one machine.
inline Method hierarchical_on(std::string name, int (*host)(int rank)) {
  return {std::move(name), [host](const PointToPoint& group, const Tensor& row, ReduceOp op) {
            std::vector<int> hosts;
            for (int rank = 0; rank < group.size(); ++rank) hosts.push_back(host(rank));
            hierarchical_all_reduce(group, hosts, row, op);
          }};
}

}  // namespace gpt
