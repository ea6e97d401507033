#pragma once
// --comm: who carries the gradients, and, over NCCL, how the ranks' devices find each other.

#include "05_gpt/backend.hpp"
#include "10_collectives/collective_log.hpp"
#include "16_trainer/config.hpp"

namespace gpt {

/// What --comm takes: auto, mpi, nccl, or an algorithm of chapter 10, which is mpi with --all-reduce.
std::vector<std::string> comm_names();
/// Throws UserError, one sentence, for a --comm that contradicts other choices, or that this machine cannot
/// have.
void validate_comm(const TrainConfig& config);
/// The algorithm that --comm or --all-reduce names; "auto" for neither.
std::string wanted_all_reduce(const TrainConfig& config);

/// For each rank a number that it has in common with the ranks on the same host alone. Collective.
std::vector<double> host_numbers(Communicator& communicator);

/// This rank among those of its host. Collective.
struct HostPlace {
  int rank = 0, size = 1;
};
HostPlace place_on_host(Communicator& communicator);

/// A communicator for `ranks` that takes the tensors of the backend's device too, over NCCL, and over the
/// stand-in on the SIMT machine (chapter 12); nullptr where the gradients go through the host: with --comm
/// mpi, or with auto when not every rank has a GPU of its own. What it does is entered in `log`. Gives up
/// after twice `deadline` seconds. `ranks` outlives it. Collective; throws FailedTogether with one sentence.
std::unique_ptr<Communicator> connect_devices(const TrainConfig& config, const Backend& backend,
                                              Communicator& ranks, std::shared_ptr<CollectiveLog> log,
                                              double deadline);

/// For the summary: ", gradients over NCCL 2.28.9"; "" without `devices`.
std::string describe_devices(const Communicator* devices, const Backend& backend);

}  // namespace gpt
