#include "16_trainer/preparation.hpp"

#include <omp.h>

#include "11_ddp/tree.hpp"
#include "16_trainer/checkpoint.hpp"
#include "16_trainer/device_ranks.hpp"
#include "16_trainer/rank_groups.hpp"
#include "16_trainer/together.hpp"
#include "common/check.hpp"
#include "common/file.hpp"
#include "common/processors.hpp"

namespace gpt {
namespace {

void write_config(const RunFolder& run, const TrainConfig& config) {
  write_file_atomically(run.config(), to_json(config).dump(2) + "\n");
}

/// The choices that only the number of ranks can contradict.
void require_fitting_ranks(const TrainConfig& config, const std::vector<double>& hosts) {
  const auto ranks = static_cast<int>(hosts.size());
  require_fitting_groups(config, hosts);
  GPT_REQUIRE(config.batch >= ranks / config.tp, "--batch {} does not give each of {} ranks a sequence",
              config.batch, ranks / config.tp);
  GPT_REQUIRE(config.servers < ranks, "--servers {} leaves no worker among {} rank{}: start more with mpirun",
              config.servers, ranks, ranks == 1 ? "" : "s");
  GPT_REQUIRE(!config.reproducible || (is_power_of_two(ranks) && ranks <= config.leaves),
              "--reproducible adds in a binary tree with {} --leaves: it takes 1, 2, 4, … ranks up to {}, "
              "not {}",
              config.leaves, config.leaves, ranks);
}

void make_run(Preparation& p, const TrainOptions& options, const std::vector<double>& hosts) {
  p.config = new_config(options);
  require_fitting_ranks(p.config, hosts);
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

void reopen_run(Preparation& p, const TrainOptions& options, const std::vector<double>& hosts) {
  p.run = existing_run_folder(options.out);
  p.config = resumed_config(options, p.run.config());
  require_fitting_ranks(p.config, hosts);
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

// [share_data]
/// Every rank maps the token files that rank 0 has in its run folder. On several hosts that takes a file
/// system which all of them see; a folder of the same name elsewhere is found out.
void share_data(Preparation& p, Communicator& communicator) {
  const bool first = communicator.rank() == 0;
  const std::string path =
      communicator.broadcast(first ? std::filesystem::absolute(p.run.path).string() : "", 0);
  if (!first) p.run.path = path;
  const auto here = [&] { return fmt::format("rank {} on host {}", communicator.rank(), host_name()); };
  together(communicator, [&] {
    GPT_REQUIRE(std::filesystem::exists(p.run.training_tokens()),
                "{} does not see {}: the run's folder must be one that all hosts share", here(), path);
    p.data = open_training_data(p.run);
  });
  const std::string fingerprint = communicator.broadcast(p.data.fingerprint, 0);
  together(communicator, [&] {
    GPT_REQUIRE(p.data.fingerprint == fingerprint,
                "{} finds other data in {} than rank 0: the run's folder must be one that all hosts share",
                here(), path);
  });
}
// [/share_data]

}  // namespace

// [prepare]
Preparation prepare_run(const TrainOptions& options, Communicator& communicator) {
  Preparation p;
  const std::vector<double> hosts = host_numbers(communicator);
  on_first_rank(communicator, [&] {
    if (options.resume)
      reopen_run(p, options, hosts);
    else
      make_run(p, options, hosts);
  });
  apply_json(p.config, nlohmann::ordered_json::parse(communicator.broadcast(to_json(p.config).dump(), 0)),
             "rank 0");
  p.resumed = options.resume;
  share_data(p, communicator);
  return p;
}
// [/prepare]

int set_threads(int64_t wanted) {
  if (wanted > 0) omp_set_num_threads(static_cast<int>(wanted));
  return omp_get_max_threads();
}

}  // namespace gpt
