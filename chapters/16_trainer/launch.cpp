// gpt launch: training that outlives its ranks.
#include <cstdlib>

#include "10_collectives/mpi_session.hpp"
#include "16_trainer/commands.hpp"
#include "16_trainer/launcher.hpp"
#include "16_trainer/lone_process.hpp"
#include "16_trainer/options.hpp"
#include "common/check.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

struct LaunchOptions {
  int ranks = 0;  // 0: as many as the hosts take
  std::string hosts;
  std::string hostfile;
  int per_host = 0;  // ranks on hosts that are named without a number; 0: one
  LaunchPlan plan;
  std::vector<std::string> words;  // behind "--"
};

LaunchHosts hosts_of(const LaunchOptions& options) {
  GPT_REQUIRE(options.hosts.empty() || options.hostfile.empty(),
              "--hosts and --hostfile both name hosts: give one of them");
  if (!options.hosts.empty()) return LaunchHosts::of_list(options.hosts, options.per_host);
  if (!options.hostfile.empty()) return LaunchHosts::of_file(options.hostfile, options.per_host);
  GPT_REQUIRE(options.per_host == 0,
              "--ranks-per-host is for several hosts: name them with --hosts, or say -n");
  GPT_REQUIRE(options.ranks > 0, "say how many ranks to start by -n, or where by --hosts or --hostfile");
  return LaunchHosts(options.ranks);
}

/// The command that goes on with a run later, as it was begun: by ./book or by hand.
std::string command_to_go_on(const LaunchOptions& options, int ranks, const RunFolder& folder) {
  const char* book = std::getenv("GPT_TERMINAL");
  std::string where = fmt::format("{} {}", book ? "--ranks" : "-n", ranks);
  if (!options.hosts.empty()) where = "--hosts " + options.hosts;
  if (!options.hostfile.empty()) where = "--hostfile " + options.hostfile;
  if (options.per_host > 0) where += fmt::format(" --ranks-per-host {}", options.per_host);
  const std::string run = "--resume --out " + folder.path.string();
  return book ? fmt::format("./book train --elastic {} {}", where, run)
              : fmt::format("gpt launch {} -- train {}", where, run);
}

int launch(const LaunchOptions& options) {
  GPT_REQUIRE(!MpiSession::launched(), "gpt launch starts mpirun itself: run it without");
  LaunchPlan plan = options.plan;
  plan.words = options.words;
  GPT_REQUIRE(!plan.words.empty() && plan.words.front() == "train",
              "gpt launch starts trainings, such as gpt launch -n 4 -- train --steps 1000");
  plan.words.erase(plan.words.begin());

  TrainOptions train;
  ArgumentParser parser("", "gpt launch … -- train");
  add_train_options(parser, train);
  std::vector<const char*> words{"train"};
  for (const std::string& word : plan.words) words.push_back(word.c_str());
  if (!parser.parse(static_cast<int>(words.size()), words.data())) return exit_ok;

  RunFolder folder;
  TrainConfig config;
  if (train.resume) {
    folder = existing_run_folder(train.out);
    config = resumed_config(train, folder.config());
  } else {
    config = new_config(train);
    folder = new_run_folder(train.out, config.preset);
  }
  std::erase(plan.words, "--resume");
  if (train.out.empty()) plan.words.insert(plan.words.end(), {"--out", folder.path.string()});

  LaunchHosts hosts = hosts_of(options);
  plan.ranks = options.ranks > 0 ? options.ranks : hosts.slots();
  plan.batch = config.batch;
  plan.leaves = config.reproducible ? config.leaves : 0;
  plan.tp = config.tp;
  GPT_REQUIRE(config.tp == 1 || (options.hosts.empty() && options.hostfile.empty()),
              "--tp {} keeps the ranks that share a model on one host, and gpt launch goes on with whatever "
              "ranks of several hosts are left: leave out --tp, --hosts or --hostfile",
              config.tp);
  GPT_REQUIRE(plan.ranks <= hosts.slots(), "the hosts take {} ranks, not {}", hosts.slots(), plan.ranks);
  GPT_REQUIRE(plan.min_ranks <= plan.ranks, "--min-ranks {} is more than the {} ranks to start",
              plan.min_ranks, plan.ranks);
  plan.again = command_to_go_on(options, plan.ranks, folder);
  ::setenv("GPT_LAUNCH", "1", 1);  // the ranks need not say how to go on: this process knows better
  // Slurm keeps what a lost node's job step had on the other nodes until it gives up the node, after minutes.
  // The next mpirun's daemons must be allowed there beside it.
  if (!HostProbes::possible()) ::setenv("SLURM_OVERLAP", "1", 0);
  return Launcher(plan, hosts, LaunchedRun(folder, config.steps)).launch();
}

}  // namespace

Command add_launch(ArgumentParser& parser) {
  auto options = std::make_shared<LaunchOptions>();
  LaunchPlan& plan = options->plan;
  parser.add_option("-n,--ranks", options->ranks, "ranks to start (default: all that the hosts take)")
      .in_range(1, 1024);
  parser.add_option("--hosts", options->hosts, "where, as a:2,b:2; without, all ranks run on this machine");
  parser.add_option("--hostfile", options->hostfile, "the same as lines such as: a slots=2");
  parser
      .add_option("--ranks-per-host", options->per_host, "ranks on each host that is named without a number")
      .in_range(1, 1024);
  parser
      .add_option("--min-ranks", plan.min_ranks, "fewer than these are not worth going on with (default: 1)")
      .in_range(1, 1024);
  parser
      .add_option("--max-failures", plan.rules.max_failures,
                  "give up after so many failures without a new checkpoint (default: 5)")
      .in_range(1, 1000);
  parser
      .add_option("--rejoin-after", plan.rules.rejoin_after,
                  "checkpoints with fewer ranks before lost ones are taken back in (default: 1; 0: at once)")
      .non_negative();
  parser
      .add_option(
          "--back-off", plan.rules.back_off,
          "seconds before the second start without a new checkpoint, doubled for each later one (default: 1)")
      .non_negative();
  parser
      .add_option("--patience", plan.patience,
                  "seconds to wait for hosts where fewer than --min-ranks are left (default: 600)")
      .non_negative();
  parser
      .add_option("--ask-every", plan.ask_every, "seconds between two questions to a lost host (default: 10)")
      .positive();
  parser.add_option("words", options->words, "-- train, and the options of gpt train");
  return [options](Communicator& communicator) {
    require_company(communicator);
    return launch(*options);
  };
}

}  // namespace gpt
