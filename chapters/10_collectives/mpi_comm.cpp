#include "10_collectives/mpi_comm.hpp"

#include <algorithm>
#include <exception>

#include "10_collectives/mpi_session.hpp"

namespace gpt {
namespace {

/// May what belongs to MPI be given back now? Not after MPI_Finalize, and not while an exception ends this
/// rank: some of it must be given back by all ranks together, and the others know nothing of the exception.
bool may_release_mpi() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  return !finalized && std::uncaught_exceptions() == 0;
}

}  // namespace

OwnedMpiComm::~OwnedMpiComm() {
  if (may_release_mpi()) MPI_Comm_free(&comm_);
}

MPI_Comm duplicate(MPI_Comm comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  MPI_CHECK(MPI_Comm_dup(comm, &copy));
  MPI_CHECK(MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN));
  return copy;
}

std::vector<int> hosts_of(MPI_Comm comm) {
  int rank = 0, size = 0;
  MPI_CHECK(MPI_Comm_rank(comm, &rank));
  MPI_CHECK(MPI_Comm_size(comm, &size));
  MPI_Comm here = MPI_COMM_NULL;
  MPI_CHECK(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &here));
  int first = rank;
  MPI_CHECK(MPI_Bcast(&first, 1, MPI_INT, 0, here));
  MPI_CHECK(MPI_Comm_free(&here));
  std::vector<int> hosts(static_cast<size_t>(size));
  MPI_CHECK(MPI_Allgather(&first, 1, MPI_INT, hosts.data(), 1, MPI_INT, comm));
  return hosts;
}

bool on_one_host(std::span<const int> hosts) {
  return std::all_of(hosts.begin(), hosts.end(), [&](int host) { return host == hosts[0]; });
}

}  // namespace gpt
