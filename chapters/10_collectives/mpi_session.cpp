#include "10_collectives/mpi_session.hpp"

#include <omp.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <thread>

#include "common/processors.hpp"

namespace gpt {

void detail::check_mpi(int code, const char* call, const char* file, int line) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  detail::check_failed(file, line, call, std::string(text, static_cast<size_t>(length)));
}

// [session]
bool MpiSession::launched() {
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"})
    if (std::getenv(variable)) return true;
  return false;
}

MpiSession::MpiSession() {
  Processors own = allowed_processors(), all = own;
  threads_ = fair_share(own, all, processor_quota(), 1);
  int initialised = 0;
  MPI_Initialized(&initialised);
  if (!initialised) {
    if (!launched()) return;
    // Threads that wait in MPI ask again and again; so let them give way to those that compute.
    ::setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
    int provided = 0;
    MPI_CHECK(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided));
    owner_ = true;
    GPT_REQUIRE(provided == MPI_THREAD_MULTIPLE,
                "this MPI library gives no MPI_THREAD_MULTIPLE, which the background all-reduce needs");
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm machine = MPI_COMM_NULL;
  MPI_CHECK(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine));
  MPI_Comm_rank(machine, &local_rank_);
  MPI_Comm_size(machine, &local_size_);
  MPI_CHECK(MPI_Allreduce(&own, &all, sizeof(all), MPI_BYTE, MPI_BOR, machine));
  threads_ = fair_share(own, all, processor_quota(), local_size_);
  MPI_Comm_free(&machine);
}

MpiSession::~MpiSession() {
  if (owner_) MPI_Finalize();
}
// [/session]

// [run]
int run_mpi_program(const std::string& name, const std::function<int(MpiSession&)>& body) {
  std::optional<MpiSession> session;
  bool failed = false;
  const int code = run_program(name, [&] {
    session.emplace();
    if (std::getenv("OMP_NUM_THREADS") == nullptr) omp_set_num_threads(session->threads());
    try {
      return body(*session);
    } catch (...) {
      failed = true;
      // Rank 0 may have met the same mistake. Given a moment, it says so and ends the job.
      if (session->rank() > 0) std::this_thread::sleep_for(std::chrono::seconds(1));
      throw;  // to run_program(), which prints the message and chooses the code
    }
  });
  if (failed && session->size() > 1) MPI_Abort(MPI_COMM_WORLD, code);
  return code;
}
// [/run]

}  // namespace gpt
