// NCCL between the GPUs of this machine; without a GPU, its stand-in between processes.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "08_gpu_training/device_choice.hpp"
#include "10_collectives/mpi_session.hpp"
#include "12_nccl/bandwidth.hpp"
#include "12_nccl/bootstrap.hpp"
#include "12_nccl/nccl.hpp"
#include "common/chapter_program.hpp"
#include "common/file.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

/// Who meets, and where. Known once the options are parsed.
struct Job {
  std::string way = "mpi";
  Place place;
  int host_rank = 0, host_size = 1;
  std::string device = "auto";
  bool stable = false;

  std::shared_ptr<Allocator> memory = {};

  bool speaks() const { return place.rank == 0; }
  Device chosen() const {
    return device == "cuda" || (device == "auto" && !stable && why_no_nccl().empty()) ? Device::cuda
                                                                                      : Device::simt;
  }
  /// Says what the figures are figures of.
  void introduce() const {
    if (!speaks()) return;
    if (chosen() == Device::cuda)
      fmt::print("NCCL {} on {}.\n", nccl_version(Device::cuda), cuda_status().text);
    else
      fmt::print("The stand-in for NCCL, in memory of the host: it shows what happens, not how fast.\n");
    if (chosen() == Device::simt && !stable) fmt::print("({})\n", why_no_nccl());
    fmt::print("\n");
  }
  // [connect]
  std::unique_ptr<Communicator> connect(double deadline = 60) {
    const Device on = chosen();
    GPT_REQUIRE(on == Device::simt || why_no_nccl().empty(), "{}", why_no_nccl());
    const int gpus = on == Device::cuda ? cuda_status().devices : 1;
    if (on == Device::cuda) allow_ranks_to_share_a_gpu(place.rank, host_size, gpus);
    if (!memory) memory = make_device_memory(on, host_rank % gpus);
    const std::string id = share(way, speaks() ? new_nccl_id(on) : "", place);
    return make_nccl_communicator({id, place.rank, place.size, deadline}, memory);
  }
  // [/connect]
};

/// The book's first example, on devices.
void show_average(Job& job) {
  job.introduce();
  const auto ranks = job.connect();
  // [average]
  const Tensor number = Tensor::scalar((ranks->rank() + 1) / 10.0).on(job.memory);
  ranks->all_reduce(number, ReduceOp::average);  // on the device, in a stream of its own
  const double average = number.host().item();
  // [/average]
  const Tensor all({ranks->size()}, DType::f32, job.memory);
  ranks->all_gather(all, number.reshape({1}));
  if (!job.speaks()) return;
  for (int rank = 0; rank < ranks->size(); ++rank)
    fmt::print("rank {}: {:.1f} becomes {:.3g}\n", rank, (rank + 1) / 10.0, all.host().at<float>({rank}));
  fmt::print("average: {:.3g}\n", average);
}

/// Two buckets, which one rank enqueues in another order.
void show_hang(Job& job) {
  // Rank 0 is the least patient, so it is the one that speaks.
  const auto ranks = job.connect(job.speaks() ? 3 : 100);
  if (ranks->size() == 1) {
    fmt::print("It takes two ranks to wait for each other.\n");
    return;
  }
  try {
    const Tensor large = Tensor::zeros({8}).on(job.memory), small = Tensor::zeros({4}).on(job.memory);
    const bool odd = ranks->rank() == 1;
    const auto first = ranks->all_reduce_async(odd ? small : large, ReduceOp::sum);
    const auto second = ranks->all_reduce_async(odd ? large : small, ReduceOp::sum);
    second->wait();
    fmt::print("Nothing happened: NCCL need not notice.\n");
  } catch (const Error& error) {
    if (job.speaks()) fmt::print("{}\n", error.what());
  }
}

void show_counts(int ranks) {
  Table table({{fmt::format("{} ranks", ranks)},
               {"messages", {}, "{:.0f}"},
               {"bytes", "n", "{:.2f}"},
               {"bus factor", {}, "{:.2f}"}});
  for (const Collective collective : measured_collectives()) {
    const CriticalPath path = ring_path(collective, ranks, 1.0);
    table.row(name_of(collective), path.messages, path.bytes, bus_factor(collective, ranks));
  }
  fmt::print("{}", table.text());
}

/// 1 KB, 32 KB, … up to `largest` bytes.
std::vector<int64_t> sizes_up_to(int64_t largest) {
  std::vector<int64_t> sizes;
  for (int64_t bytes = 1 << 10; bytes <= largest; bytes *= 4) sizes.push_back(bytes);
  return sizes;
}

void show_bandwidth(Job& job, double largest_mb, double seconds_each, const std::string& json_file) {
  job.introduce();
  if (job.stable) {
    show_counts(job.place.size);
    return;
  }
  const auto ranks = job.connect();
  if (largest_mb == 0) largest_mb = job.chosen() == Device::cuda ? 1024 : 4;
  const auto times = measure_collectives(
      *ranks, job.memory, sizes_up_to(static_cast<int64_t>(largest_mb * (1 << 20))), seconds_each);
  const auto paths = timed_paths(times, ranks->size());
  if (!job.speaks()) return;
  const LinkCost link = paths.size() > 1 ? fit_link(paths) : LinkCost{};
  Table table({{"collective"},
               {"bytes", {}, "{}"},
               {"time", "µs", "{:.1f}"},
               {"algbw", "GB/s", "{:.3f}"},
               {"busbw", "GB/s", "{:.3f}"},
               {"model", "µs", "{:.1f}"}});
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (size_t i = 0; i < times.size(); ++i) {
    const CollectiveTime& t = times[i];
    const double predicted = paths.empty() ? std::nan("") : 1e6 * link.seconds(paths[i].path);
    table.row(name_of(t.collective), t.bytes, 1e6 * t.seconds, 1e-9 * t.algorithm_bandwidth(),
              1e-9 * t.bus_bandwidth(ranks->size()), predicted);
    rows.push_back({{"collective", name_of(t.collective)},
                    {"bytes", t.bytes},
                    {"seconds", t.seconds},
                    {"bus_bytes_per_second", t.bus_bandwidth(ranks->size())}});
  }
  fmt::print("{}", table.text());
  if (!paths.empty())
    fmt::print("\nalpha {:.1f} µs, 1/beta {:.2f} GB/s; the model is off by {:.0f}% (median)\n",
               1e6 * link.alpha, 1e-9 / link.beta, 100 * median_error(link, paths));
  if (!json_file.empty())
    write_file_atomically(
        json_file,
        nlohmann::ordered_json{{"device", name_of(job.chosen())}, {"ranks", ranks->size()}, {"rows", rows}}
                .dump(2) +
            "\n");
}

/// A number that Slurm sets, or `otherwise`.
int from_slurm(const char* name, int otherwise) {
  const char* const value = std::getenv(name);
  return value ? std::atoi(value) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  return run_mpi_program("12_nccl", [&](MpiSession& session) {
    Job job;
    double largest = 0, seconds = 0.2;
    std::string json;
    const bool by_mpi = MpiSession::launched();
    job.place = {by_mpi ? session.rank() : from_slurm("SLURM_PROCID", 0),
                 by_mpi ? session.size() : from_slurm("SLURM_NTASKS", 1)};
    job.host_rank = by_mpi ? session.local_rank() : from_slurm("SLURM_LOCALID", 0);
    job.host_size = by_mpi ? session.local_size() : 1;
    ChapterProgram program("12_nccl", "Collectives between GPUs.");
    ArgumentParser& options = program.options();
    options.add_option("--meet", job.way, "How ranks meet: mpi, tcp:HOST:PORT or file:PATH");
    options.add_option("--rank", job.place.rank, "This process's number, where no launcher says it");
    options.add_option("--ranks", job.place.size, "How many processes there are");
    options.add_option("--device", job.device, "cuda, simt (the stand-in), or auto")
        .one_of({"auto", "cuda", "simt"});
    options.add_option("--largest-mb", largest, "Largest message (default: 1024 on GPUs, 4 on the stand-in)");
    options.add_option("--seconds", seconds, "Seconds for each figure");
    options.add_option("--json", json, "Write the figures here");
    if (session.rank() > 0 && !std::freopen("/dev/null", "w", stdout)) return 1;  // rank 0 speaks for all
    const auto settle = [&] {
      job.stable = program.stable();
      GPT_REQUIRE(job.place.rank >= 0 && job.place.rank < job.place.size, "--rank {} of --ranks {}",
                  job.place.rank, job.place.size);
      if (job.place.rank > 0 && !std::freopen("/dev/null", "w", stdout)) throw Error("no /dev/null");
      if (job.way == "mpi" && !by_mpi) GPT_REQUIRE(job.place.size == 1, "--meet mpi wants mpirun");
      if (job.way == "mpi" && !by_mpi) job.way = "file:/unused";  // alone, nobody has to be met
    };
    program.section("average", "Four numbers, averaged where they lie", [&] { settle(), show_average(job); });
    program.section("hang", "One rank enqueues two buckets in another order",
                    [&] { settle(), show_hang(job); });
    program.section("bandwidth", "The collectives, as nccl-tests counts them",
                    [&] { settle(), show_bandwidth(job, largest, seconds, json); });
    return program.show(argc, argv);
  });
}
