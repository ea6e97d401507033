// lost_rank MODE RANK SECONDS [MARK]: ranks train nothing, step after step, under a watchdog with a deadline
// of SECONDS. In the middle rank RANK does something that no rank should. MARK is for whoever looks for
// leftovers.

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "10_collectives/watchdog.hpp"
#include "10_collectives/watched_communicator.hpp"

namespace {

using namespace gpt;

constexpr int steps = 40, step_of_the_fault = 20;

void step(Communicator& all, Communicator& group, bool faulty, const std::string& mode) {
  const bool other_order = faulty && mode == "order", other_count = faulty && mode == "count";
  const Tensor gradients = Tensor::zeros({other_count ? 100 : 1000}), words = Tensor::zeros({8}, DType::i32);
  const auto work = all.all_reduce_async(gradients, ReduceOp::sum);
  if (other_order) all.barrier();
  all.broadcast(words, 0);
  if (!other_order) all.barrier();
  if (faulty && mode == "more") all.broadcast(Tensor::zeros({8}, DType::i32), all.rank());
  // Room for more numbers than come is a mistake that MPI does not notice; room for fewer is an error.
  all.broadcast(Tensor::zeros({faulty && mode == "silent" ? 3 : faulty && mode == "truncate" ? 1 : 2}), 0);
  group.all_reduce(gradients, ReduceOp::average);
  work->wait();
}

}  // namespace

int main(int argc, char** argv) {
  return run_mpi_program("lost_rank", [&](MpiSession& session) {
    GPT_CHECK(argc >= 4, "lost_rank MODE RANK SECONDS");
    const std::string mode = argv[1];
    const int victim = std::stoi(argv[2]);
    const auto world = make_world_communicator(session);
    Trace trace;
    const auto log = std::make_shared<CollectiveLog>();
    WatchedCommunicator all(*world, log);
    const Watchdog watchdog(MPI_COMM_WORLD, *log, trace, {"lost_rank", std::stod(argv[3])});
    const auto group = all.split(session.rank() / 2, 0);
    for (int number = 1; number <= steps; ++number) {
      const Trace::Span span = trace.span(fmt::format("step {}", number));
      const bool faulty = session.rank() == victim && number == step_of_the_fault;
      if (faulty && mode == "stop") ::raise(SIGSTOP);
      if (faulty && mode == "kill") ::raise(SIGKILL);
      if (faulty && mode == "exit") ::_exit(0);
      if (faulty && mode == "throw") throw UserError("rank " + std::to_string(victim) + " has no memory");
      if (faulty && mode == "leave") return 0;
      if (faulty && mode == "sleep") {
        const Trace::Span asleep = trace.span("asleep");
        std::this_thread::sleep_for(std::chrono::hours(1));
      }
      step(all, *group, faulty, mode);
    }
    if (session.rank() == 0) fmt::print("done\n");
    return 0;
  });
}
