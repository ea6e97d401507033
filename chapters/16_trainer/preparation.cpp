#include "16_trainer/preparation.hpp"

#include <omp.h>

#include <algorithm>
#include <cstdlib>

#include "16_trainer/checkpoint.hpp"
#include "16_trainer/together.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

void write_config(const RunFolder& run, const TrainConfig& config) {
  write_file_atomically(run.config(), to_json(config).dump(2) + "\n");
}

void require_enough_rows(const TrainConfig& config, int ranks) {
  GPT_REQUIRE(config.batch >= ranks, "--batch {} does not give each of {} ranks a sequence", config.batch,
              ranks);
}

void make_run(Preparation& p, const TrainOptions& options, int ranks) {
  p.config = new_config(options);
  require_enough_rows(p.config, ranks);
  p.run = new_run_folder(options.out, p.config.preset);
  const DataSource source(p.config);
  make_folder(p.run.path);
  p.lock = FolderLock(p.run.path);
  try {
    write_config(p.run, p.config);
    source.write(p.run);
    make_folder(p.run.checkpoints());
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove_all(p.run.path, ignored);  // it was new, or empty
    throw;
  }
}

void reopen_run(Preparation& p, const TrainOptions& options, int ranks) {
  p.run = existing_run_folder(options.out);
  p.config = resumed_config(options, p.run.config());
  require_enough_rows(p.config, ranks);
  p.lock = FolderLock(p.run.path);
  p.resumed = true;
  const bool has_data = std::filesystem::exists(p.run.training_tokens()) &&
                        std::filesystem::exists(p.run.validation_tokens()) &&
                        std::filesystem::exists(p.run.tokenizer());
  if (!has_data)
    DataSource(p.config).write(p.run);  // killed before it was whole; a checkpoint would notice a change
  make_folder(p.run.checkpoints());
  remove_leftovers(p.run.checkpoints());
  if (to_json(p.config) != read_json_file(p.run.config())) write_config(p.run, p.config);
}

}  // namespace

// [prepare]
Preparation prepare_run(const TrainOptions& options, Communicator& communicator) {
  Preparation p;
  on_first_rank(communicator, [&] {
    if (options.resume)
      reopen_run(p, options, communicator.size());
    else
      make_run(p, options, communicator.size());
  });
  apply_json(p.config, nlohmann::ordered_json::parse(communicator.broadcast(to_json(p.config).dump(), 0)),
             "rank 0");
  p.run.path = communicator.broadcast(p.run.path.string(), 0);
  p.resumed = options.resume;
  together(communicator, [&] { p.data = open_training_data(p.run); });
  return p;
}
// [/prepare]

int set_threads(int64_t wanted) {
  if (wanted > 0) {
    omp_set_num_threads(static_cast<int>(wanted));
  } else if (std::getenv("OMP_NUM_THREADS") == nullptr) {
    const char* on_this_host = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");  // set by Open MPI
    const int ranks = std::max(1, on_this_host ? std::atoi(on_this_host) : 1);
    omp_set_num_threads(std::max(1, omp_get_num_procs() / ranks));
  }
  return omp_get_max_threads();
}

}  // namespace gpt
