// A parameter server, and what it costs that nobody waits.

#include <cstdio>

#include "10_collectives/mpi_session.hpp"
#include "14_parameter_server/stale_descent.hpp"
#include "14_parameter_server/study.hpp"
#include "common/chapter_program.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

/// One parameter, and slopes that are one step old.
void show_stale() {
  const auto fresh = stale_descent(1.0, 0, 8), stale = stale_descent(1.0, 1, 8),
             half = stale_descent(0.5, 1, 8), quarter = stale_descent(0.25, 1, 8);
  Table table({{"step", {}, "{}"},
               {"fresh", "rate 1", "{:.3f}"},
               {"one step old", "rate 1", "{:.3f}"},
               {"", "rate 1/2", "{:.3f}"},
               {"", "rate 1/4", "{:.3f}"}});
  for (size_t step = 0; step <= 8; ++step)
    table.row(step, fresh[step], stale[step], half[step], quarter[step]);
  fmt::print("{}\n", table.text());
  Table limits({{"staleness", {}, "{}"}, {"largest rate", "formula", "{:.3f}"}, {"", "tried", "{:.3f}"}});
  for (const int staleness : {0, 1, 2, 4, 8})
    limits.row(staleness, largest_stale_rate(staleness), measured_stale_rate(staleness));
  fmt::print("{}", limits.text());
}

}  // namespace

int main(int argc, char** argv) {
  return run_mpi_program("14_parameter_server", [&](MpiSession& session) {
    if (session.rank() > 0 && !std::freopen("/dev/null", "w", stdout)) return 1;  // rank 0 speaks for all
    GPT_REQUIRE(MpiSession::launched(), "start this program by ./book chapter 14, or by mpirun");
    Mailbox mailbox(MPI_COMM_WORLD);
    ChapterProgram program("14_parameter_server", "A parameter server: synchronous, stale and asynchronous.");
    std::string figures;
    int servers = 2;
    double slowness = 5;
    program.options().add_option("--figures", figures,
                                 "Write the pictures of sections modes and staleness here");
    program.options().add_option("--servers", servers, "Ranks that serve in section processes");
    program.options().add_option("--slowness", slowness, "How much slower worker 0 is there");
    // What is simulated needs one rank.
    const auto alone = [&](void (*show)()) {
      return [&session, show] {
        if (session.rank() == 0) show();
        MPI_Barrier(MPI_COMM_WORLD);
      };
    };
    const auto drawn = [&](void (*show)(const std::string&)) {
      return [&session, &figures, show] {
        if (session.rank() == 0) show(figures);
        MPI_Barrier(MPI_COMM_WORLD);
      };
    };
    program.section("stale", "A slope that comes late", alone(show_stale));
    program.section("modes", "Who waits for a slow worker", drawn(show_modes));
    program.section("staleness", "What stale gradients cost", drawn(show_staleness));
    program.section("death", "A worker dies", alone(show_death));
    program.section("pulls", "All parameters, or what has changed", alone(show_pulls));
    program.section("links", "Where the bytes meet", alone(show_links));
    program.section("processes", "The same between processes",
                    [&] { show_processes(mailbox, servers, slowness, program.stable()); });
    return program.show(argc, argv);
  });
}
