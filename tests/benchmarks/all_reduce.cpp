// How fast one large all-reduce is, against one call of the library's:
//
//     mpirun -np 2 build/release/bin/bench_all_reduce --megabytes 500
//
// The ways take turns, so that what else the machine does meets all of them; medians, and ratios of medians.
#include <algorithm>
#include <cstdio>
#include <map>

#include "10_collectives/bus_bandwidth.hpp"
#include "10_collectives/mpi_communicator.hpp"
#include "common/argument_parser.hpp"
#include "common/table.hpp"
#include "common/timing.hpp"

namespace {

using namespace gpt;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int run(MpiCommunicator& communicator, double megabytes, int rounds) {
  const auto elements = static_cast<int64_t>(megabytes * 1e6) / size_of(DType::f32);
  const Tensor row = Tensor::zeros({elements});
  const Tensor shared = communicator.zeros({elements}, DType::f32);  // where the trainer has its gradients
  const bool one_host = on_one_host(communicator.hosts());
  std::vector<AllReduceAlgorithm> ways{AllReduceAlgorithm::library, AllReduceAlgorithm::ring};
  if (one_host) ways.push_back(AllReduceAlgorithm::shared_memory);

  std::map<std::string, std::vector<double>> seconds;
  const auto time = [&](const std::string& name, auto&& sum) {
    communicator.barrier();
    const Stopwatch watch;
    sum();
    seconds[name].push_back(communicator.all_reduce(watch.seconds(), ReduceOp::max));
  };
  for (int round = 0; round <= rounds; ++round) {
    time("one MPI_Allreduce", [&] {
      MPI_CHECK(MPI_Allreduce(MPI_IN_PLACE, row.bytes_data(), static_cast<int>(elements), MPI_FLOAT, MPI_SUM,
                              MPI_COMM_WORLD));
    });
    for (const AllReduceAlgorithm way : ways)
      time(std::string(name_of(way)), [&] { communicator.all_reduce_by(way, row, ReduceOp::sum); });
    if (one_host)
      time("shared-memory, in place",
           [&] { communicator.all_reduce_by(AllReduceAlgorithm::shared_memory, shared, ReduceOp::sum); });
    if (round == 0) seconds.clear();  // first touches and first connections
  }
  if (communicator.rank() > 0) return 0;
  const double stock = median(seconds["one MPI_Allreduce"]);
  Table table({{"all-reduce"},
               {"median", "ms", "{:.1f}"},
               {"fastest", "ms", "{:.1f}"},
               {"bus bandwidth", "MB/s", "{:.0f}"},
               {"times as fast", "", "{:.2f}"}});
  for (const auto& [name, times] : seconds) {
    const double middle = median(times);
    table.row(name, middle * 1e3, *std::min_element(times.begin(), times.end()) * 1e3,
              bus_bandwidth(Collective::all_reduce, communicator.size(), megabytes * 1e6, middle) * 1e-6,
              stock / middle);
  }
  fmt::print("{} MB of f32 on {} ranks, {} rounds\n{}", megabytes, communicator.size(), rounds, table.text());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return gpt::run_mpi_program("bench_all_reduce", [&](gpt::MpiSession& session) {
    double megabytes = 500;
    int rounds = 7;
    gpt::ArgumentParser parser("Times one large all-reduce.");
    parser.add_option("--megabytes", megabytes, "of each rank");
    parser.add_option("--rounds", rounds, "after one to warm up");
    if (!parser.parse(argc, argv)) return 0;
    GPT_REQUIRE(session.size() > 1, "start it by mpirun, with two ranks or more");
    GPT_REQUIRE(megabytes > 0 && megabytes < 8000 && rounds > 0,
                "--megabytes up to 8000, --rounds 1 or more");
    gpt::MpiCommunicator communicator(MPI_COMM_WORLD);
    return run(communicator, megabytes, rounds);
  });
}
