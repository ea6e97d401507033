#include "16_trainer/lone_process.hpp"

#include <array>
#include <cstdlib>
#include <string>

#include "16_trainer/together.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

/// What a launcher leaves in the environment of a process that it starts, and what to do instead.
struct LauncherSigns {
  const char *name, *size, *rank, *advice;
};

// Open MPI's own mpirun is not among them: its ranks find each other, or MPI_Init fails.
constexpr std::array launcher_signs{
    LauncherSigns{
        "srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID",
        "say srun --mpi=pmix, where srun --mpi=list has it, or run one ./book train inside salloc or "
        "sbatch"},
    LauncherSigns{"another MPI's launcher", "PMI_SIZE", "PMI_RANK", "start them with Open MPI's mpirun"},
    LauncherSigns{"MVAPICH's launcher", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK",
                  "start them with Open MPI's mpirun"}};

int number_in(const char* variable) {
  const char* text = std::getenv(variable);
  return text ? std::atoi(text) : 0;
}

}  // namespace

void require_company(const Communicator& communicator) {
  if (communicator.size() > 1 || std::getenv("OMPI_COMM_WORLD_SIZE")) return;
  for (const LauncherSigns& launcher : launcher_signs) {
    const int size = number_in(launcher.size);
    if (size <= 1) continue;
    // srun --pty starts a shell for all of its tasks.
    if (std::string(launcher.name) == "srun" && std::getenv("SLURM_PTY_PORT")) continue;
    if (number_in(launcher.rank) > 0) throw FailedTogether("", exit_user_error);
    throw UserError(
        fmt::format("{} has started {} processes that do not find each other, and each would train by "
                    "itself: {}",
                    launcher.name, size, launcher.advice));
  }
}

}  // namespace gpt
