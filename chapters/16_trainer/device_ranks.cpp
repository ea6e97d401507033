#include "16_trainer/device_ranks.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "10_collectives/algorithm.hpp"
#include "10_collectives/watched_communicator.hpp"
#include "12_nccl/host_and_device.hpp"
#include "12_nccl/nccl.hpp"
#include "16_trainer/together.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

bool names_algorithm(const std::string& comm) {
  return comm != "auto" && comm != "mpi" && comm != "nccl";
}

/// Why NCCL cannot carry the gradients of such a run, whatever the machine; "" when it can.
std::string why_not_nccl(const TrainConfig& c) {
  if (c.device == "cpu") return "--comm nccl adds up gradients on devices, and --device cpu has none";
  if (c.zero > 0)
    return fmt::format("--zero {} works on the host, and --comm nccl on the device: leave out one of them",
                       c.zero);
  if (c.local_sgd > 0)
    return "--local-sgd sends no gradients, and --comm nccl nothing else: leave out one of them";
  if (c.reproducible)
    return "--reproducible adds in a tree of its own, and --comm nccl as NCCL likes: leave out one of them";
  if (c.all_reduce != "auto")
    return fmt::format(
        "--all-reduce {} is a way over MPI, and --comm nccl has its own: leave out one of them",
        c.all_reduce);
  return "";
}

/// "auto": NCCL when every rank of every host has a GPU of its own.
bool every_rank_has_its_gpu(const TrainConfig& config, const Backend& backend, Communicator& ranks) {
  const HostPlace here = place_on_host(ranks);
  const bool mine = backend.device() == Device::cuda && why_not_nccl(config).empty() &&
                    why_no_nccl().empty() && here.size <= cuda_status().devices;
  return ranks.all_reduce(mine ? 0.0 : 1.0, ReduceOp::max) == 0.0;
}

}  // namespace

std::vector<std::string> comm_names() {
  std::vector<std::string> names{"auto", "mpi", "nccl"};
  for (const AllReduceAlgorithm algorithm : all_reduce_algorithms) names.emplace_back(name_of(algorithm));
  return names;
}

// [validate]
void validate_comm(const TrainConfig& c) {
  const std::vector<std::string> names = comm_names();
  GPT_REQUIRE(std::find(names.begin(), names.end(), c.comm) != names.end(), "--comm takes {}, not '{}'",
              fmt::join(names, ", "), c.comm);
  GPT_REQUIRE(!names_algorithm(c.comm) || c.all_reduce == "auto" || c.all_reduce == c.comm,
              "--comm {} and --all-reduce {} name two ways: leave out one of them", c.comm, c.all_reduce);
  if (c.comm != "nccl") return;
  const std::string contradiction = why_not_nccl(c);
  GPT_REQUIRE(contradiction.empty(), "{}", contradiction);
  const std::string missing = c.device == "simt" ? "" : why_no_nccl();
  GPT_REQUIRE(missing.empty(), "--comm nccl needs GPUs, and {}", missing);
}
// [/validate]

std::string wanted_all_reduce(const TrainConfig& config) {
  return names_algorithm(config.comm) ? config.comm : config.all_reduce;
}

// [place]
std::vector<double> host_numbers(Communicator& communicator) {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  // As a double every number below 2⁵³ is exact.
  const auto host = static_cast<double>(checksum(std::string_view(name.data())) >> 11);
  const Tensor all({communicator.size()}, DType::f64);
  communicator.all_gather(all, Tensor::full({1}, host, DType::f64));
  const std::span<double> numbers = all.span<double>();
  return {numbers.begin(), numbers.end()};
}

HostPlace place_on_host(Communicator& communicator) {
  const std::vector<double> hosts = host_numbers(communicator);
  const double here = hosts[static_cast<size_t>(communicator.rank())];
  HostPlace place{0, 0};
  for (int rank = 0; rank < communicator.size(); ++rank) {
    if (hosts[static_cast<size_t>(rank)] != here) continue;
    ++place.size;
    if (rank < communicator.rank()) ++place.rank;
  }
  return place;
}
// [/place]

// [connect]
std::unique_ptr<Communicator> connect_devices(const TrainConfig& config, const Backend& backend,
                                              Communicator& ranks, std::shared_ptr<CollectiveLog> log,
                                              double deadline) {
  if (ranks.size() == 1) return nullptr;
  if (config.comm != "nccl" && !(config.comm == "auto" && every_rank_has_its_gpu(config, backend, ranks)))
    return nullptr;
  if (backend.device() == Device::cuda) {
    const HostPlace here = place_on_host(ranks);
    allow_ranks_to_share_a_gpu(ranks.rank(), here.size, cuda_status().devices);
  }
  // The watchdog of chapter 10, which can name the rank that keeps the others waiting, is to speak first.
  NcclPlace place{.id = "", .rank = ranks.rank(), .size = ranks.size(), .deadline = 2 * deadline};
  on_first_rank(ranks, [&] { place.id = new_nccl_id(backend.device()); });
  place.id = ranks.broadcast(place.id, 0);
  std::unique_ptr<Communicator> devices = make_nccl_communicator(place, backend.allocator());
  return std::make_unique<HostAndDevice>(
      ranks, std::make_unique<WatchedCommunicator>(std::move(devices), std::move(log), "devices"));
}
// [/connect]

std::string describe_devices(const Communicator* devices, const Backend& backend) {
  if (!devices) return "";
  const std::string version = nccl_version(backend.device());
  return backend.device() == Device::cuda ? ", gradients over NCCL " + version
                                          : ", gradients over " + version + " for NCCL";
}

}  // namespace gpt
