#pragma once
// Communicators of MPI with an owner, and who of them shares a host.

#include <mpi.h>

#include <span>
#include <vector>

namespace gpt {

/// A communicator of MPI that belongs to one object. Duplicates never receive each other's messages.
class OwnedMpiComm {
 public:
  explicit OwnedMpiComm(MPI_Comm comm) : comm_(comm) {}
  ~OwnedMpiComm();
  OwnedMpiComm(const OwnedMpiComm&) = delete;
  OwnedMpiComm& operator=(const OwnedMpiComm&) = delete;
  MPI_Comm get() const { return comm_; }

 private:
  MPI_Comm comm_;
};

/// A copy whose errors are returned, not fatal. Collective.
MPI_Comm duplicate(MPI_Comm comm);

/// For each rank of `comm` the first rank on its host: ranks that can share memory have it in common.
/// Collective.
std::vector<int> hosts_of(MPI_Comm comm);
/// Are these ranks all on one host?
bool on_one_host(std::span<const int> hosts);

}  // namespace gpt
