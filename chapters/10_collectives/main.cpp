// Every all-reduce of the chapter, checked and timed.
#include <algorithm>
#include <cstdio>

#include "10_collectives/benchmark.hpp"
#include "10_collectives/show_model.hpp"
#include "common/chapter_program.hpp"

int main(int argc, char** argv) {
  return gpt::run_mpi_program("10_collectives", [&](gpt::MpiSession& session) {
    if (session.rank() > 0 && !std::freopen("/dev/null", "w", stdout)) return 1;  // rank 0 speaks for all
    GPT_REQUIRE(gpt::MpiSession::launched(), "start this program by ./book chapter 10, or by mpirun");
    gpt::MpiCommunicator communicator(MPI_COMM_WORLD);
    gpt::ChapterProgram program("10_collectives", "All-reduce between processes, by hand and by Open MPI.");
    std::string figures;
    program.options().add_option("--figures", figures, "Write the pictures of sections ring and counts here");
    program.section("ring", "A ring, step by step",
                    [&] { gpt::show_ring(communicator, session.rank() == 0 ? figures : ""); });
    program.section("counts", "What each algorithm costs", [&] {
      gpt::show_counts(std::max(2, session.size()), session.rank() == 0 ? figures : "");
    });
    program.section("links", "What a message costs here",
                    [&] { gpt::show_links(communicator, program.stable()); });
    program.section("algorithms", fmt::format("All-reduce of f32 on {} ranks", session.size()),
                    [&] { gpt::show_algorithms(communicator, program.stable()); });
    program.section("plan", "What a short measurement chooses", [&] {
      if (program.stable())
        fmt::print("without measuring: {}\n", to_string(communicator.plan()));
      else
        fmt::print("{}\n", to_string(measure_all_reduce(communicator)));
    });
    return program.show(argc, argv);
  });
}
