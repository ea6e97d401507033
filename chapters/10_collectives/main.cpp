// Checks and times the all-reduce over MPI.
#include <chrono>
#include <cstdio>

#include "01_tensors/elementwise.hpp"
#include "10_collectives/mpi_communicator.hpp"
#include "common/chapter_program.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

/// Seconds of one all-reduce, the fastest of several, as the slowest rank sees it.
double seconds_of_all_reduce(Communicator& communicator, const Tensor& tensor) {
  double best = 1e9;
  for (int repetition = 0; repetition < 10; ++repetition) {
    communicator.barrier();
    const auto start = std::chrono::steady_clock::now();
    communicator.all_reduce(tensor, ReduceOp::average);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::min(best, communicator.all_reduce(elapsed.count(), ReduceOp::max));
  }
  return best;
}

void show_sizes(Communicator& communicator, bool stable) {
  Table table(
      {{"size", "KiB", "{:.0f}"}, {"correct"}, {"time", "ms", "{:.3f}"}, {"payload", "GB/s", "{:.2f}"}});
  for (int64_t bytes = 4 << 10; bytes <= 64 << 20; bytes *= 16) {
    const Tensor tensor = Tensor::full({bytes / 4}, communicator.rank() + 1);
    communicator.all_reduce(tensor, ReduceOp::average);
    const Tensor expected = Tensor::full(tensor.shape(), (communicator.size() + 1) / 2.0);
    const bool correct = communicator.all_reduce(max_difference(tensor, expected), ReduceOp::max) == 0.0;
    const double kibibytes = static_cast<double>(bytes) / 1024;
    if (stable) {
      table.row(kibibytes, correct ? "yes" : "no", "–", "–");
    } else {
      const double seconds = seconds_of_all_reduce(communicator, tensor);
      table.row(kibibytes, correct ? "yes" : "no", seconds * 1e3,
                static_cast<double>(bytes) / seconds * 1e-9);
    }
  }
  fmt::print("{}", table.text());
}

}  // namespace

int main(int argc, char** argv) {
  return gpt::run_mpi_program("10_collectives", [&](gpt::MpiSession& session) {
    if (session.rank() > 0 && !std::freopen("/dev/null", "w", stdout)) return 1;  // rank 0 speaks for all
    const auto communicator = gpt::make_world_communicator(session);
    gpt::ChapterProgram program("10_collectives", "All-reduce between processes, over Open MPI.");
    program.section("sizes", fmt::format("All-reduce of f32 on {} ranks", session.size()),
                    [&] { show_sizes(*communicator, program.stable()); });
    return program.show(argc, argv);
  });
}
