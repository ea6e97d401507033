#pragma once
// MPI for the length of a program: begin, end, and what happens when a rank fails.

#include <mpi.h>

#include <functional>
#include <string>

#include "common/check.hpp"
#include "common/program.hpp"

namespace gpt {

namespace detail {
/// Throws Error with MPI's own words unless `code` is MPI_SUCCESS.
void check_mpi(int code, const char* call, const char* file, int line);
}  // namespace detail

/// Calls a function of MPI and throws gpt::Error with its message when it fails. Only communicators whose
/// error handler is MPI_ERRORS_RETURN get that far; MPI's default handler ends the job.
#define MPI_CHECK(call) ::gpt::detail::check_mpi((call), #call, __FILE__, __LINE__)

/// Initialises MPI, with MPI_THREAD_MULTIPLE, when the process was started by mpirun or Slurm; finalises it
/// at the end. Started plainly, the process is a group of one and MPI stays untouched.
class MpiSession {
 public:
  MpiSession();
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  /// Is this process one of several that mpirun or Slurm started? Known from the environment.
  static bool launched();

  int rank() const { return rank_; }
  int size() const { return size_; }
  int local_rank() const { return local_rank_; }  ///< among the ranks of this machine
  int local_size() const { return local_size_; }
  /// This rank's part of its machine's processors. The ranks of a machine compute it together, so they need
  /// not be told, and each machine of a job may have another number of processors.
  int threads() const { return threads_; }

 private:
  bool owner_ = false;  // did this session initialise MPI?
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
  int threads_ = 1;
};

/// run_program() for several ranks: an exception on one rank ends the whole job with that rank's exit code,
/// so that no rank waits forever for one that is gone. When all ranks fail, as they do after a user's
/// mistake, rank 0 alone speaks. A body that returns a code other than 0 must do so on all ranks. OpenMP gets
/// session.threads() threads, unless OMP_NUM_THREADS says otherwise.
int run_mpi_program(const std::string& name, const std::function<int(MpiSession&)>& body);

}  // namespace gpt
