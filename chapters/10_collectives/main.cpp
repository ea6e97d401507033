// Every all-reduce of the chapter, checked and timed.
#include <cstdio>

#include "01_tensors/elementwise.hpp"
#include "10_collectives/benchmark.hpp"
#include "common/chapter_program.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

std::string size_text(int64_t bytes) {
  return bytes >= 1 << 20 ? fmt::format("{} MiB", bytes >> 20) : fmt::format("{} KiB", bytes >> 10);
}

/// Is the average of rows of 1, 2, …, n what it should be, on all ranks?
bool is_right(MpiCommunicator& communicator, AllReduceAlgorithm algorithm, int64_t bytes) {
  const Tensor row = Tensor::full({bytes / 4}, communicator.rank() + 1);
  communicator.all_reduce_by(algorithm, row, ReduceOp::average);
  const Tensor expected = Tensor::full(row.shape(), (communicator.size() + 1) / 2.0);
  return static_cast<Communicator&>(communicator).all_reduce(max_difference(row, expected), ReduceOp::max) ==
         0.0;
}

void show_algorithms(MpiCommunicator& communicator, bool stable) {
  const std::vector<AllReduceAlgorithm> algorithms = possible_algorithms(communicator);
  const std::vector<int64_t> sizes{1 << 10, 32 << 10, 1 << 20, 16 << 20};
  std::vector<Measurement> measured;
  if (!stable) measured = measure(communicator, algorithms, sizes);
  Table table({{"size"},
               {"algorithm"},
               {"correct"},
               {"time", "ms", "{:.3f}"},
               {"bus bandwidth", "MB/s", "{:.0f}"},
               {"of MPI_Allreduce", "", "{:.2f}"}});
  for (size_t i = 0; i < sizes.size() * algorithms.size(); ++i) {
    const int64_t bytes = sizes[i / algorithms.size()];
    const AllReduceAlgorithm algorithm = algorithms[i % algorithms.size()];
    const char* correct = is_right(communicator, algorithm, bytes) ? "yes" : "no";
    if (stable) {
      table.row(size_text(bytes), name_of(algorithm), correct, "–", "–", "–");
      continue;
    }
    const Measurement& m = measured[i];
    const Measurement& library = measured[i - i % algorithms.size()];  // the first algorithm of each size
    table.row(size_text(bytes), name_of(algorithm), correct, m.seconds * 1e3,
              bus_bandwidth(m, communicator.size()) / 1e6, library.seconds / m.seconds);
  }
  fmt::print("{}", table.text());
}

}  // namespace

int main(int argc, char** argv) {
  return gpt::run_mpi_program("10_collectives", [&](gpt::MpiSession& session) {
    if (session.rank() > 0 && !std::freopen("/dev/null", "w", stdout)) return 1;  // rank 0 speaks for all
    GPT_REQUIRE(gpt::MpiSession::launched(), "start this program by ./book chapter 10, or by mpirun");
    gpt::MpiCommunicator communicator(MPI_COMM_WORLD);
    gpt::ChapterProgram program("10_collectives", "All-reduce between processes, by hand and by Open MPI.");
    program.section("algorithms", fmt::format("All-reduce of f32 on {} ranks", session.size()),
                    [&] { show_algorithms(communicator, program.stable()); });
    program.section("plan", "What a measurement of half a second chooses", [&] {
      if (program.stable())
        fmt::print("without measuring: {}\n", to_string(communicator.plan()));
      else
        fmt::print("{}\n", to_string(measure_all_reduce(communicator)));
    });
    return program.show(argc, argv);
  });
}
