#pragma once
// The ranks of a test under mpirun, and what NCCL wants of them: on GPUs in namespace gpt::cuda, on the
// stand-in in gpt::emulated.

#include "08_gpu_training/device_choice.hpp"
#include "10_collectives/mpi_session.hpp"
#include "12_nccl/bootstrap.hpp"
#include "12_nccl/nccl.hpp"

namespace gpt::KERNEL_SPACE {

/// Why the tests must be skipped; "" when they can run. Then NCCL's environment is as it has to be, too.
inline std::string why_skipped(const MpiSession& session) {
#ifdef SIMT_USE_CUDA
  const std::string missing = why_no_nccl();
  if (missing.empty())
    allow_ranks_to_share_a_gpu(session.rank(), session.local_size(), cuda_status().devices);
  return missing;
#else
  static_cast<void>(session);
  return "";
#endif
}

/// The number of this rank's device.
inline int device_of(const MpiSession& session) {
#ifdef SIMT_USE_CUDA
  return session.local_rank() % cuda_status().devices;
#else
  static_cast<void>(session);
  return 0;
#endif
}

/// Collective.
inline std::unique_ptr<Communicator> connect(const MpiSession& session,
                                             const std::shared_ptr<Allocator>& memory) {
  const std::string id = share_over_mpi(session.rank() == 0 ? new_nccl_id() : "", MPI_COMM_WORLD);
  return gpt::make_nccl_communicator({id, session.rank(), session.size(), 100}, memory);
}

}  // namespace gpt::KERNEL_SPACE
