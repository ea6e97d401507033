// gpt: the trainer.
#include <cstdio>
#include <map>

#include "10_collectives/mpi_communicator.hpp"
#include "16_trainer/commands.hpp"
#include "16_trainer/together.hpp"

namespace {

int run(int argc, char** argv, gpt::Communicator& communicator) {
  gpt::ArgumentParser parser(
      "Train a GPT, and use it. Started by mpirun, all ranks train one model together.", "gpt");
  std::map<std::string, gpt::Command> commands;
  const auto add = [&](const char* name, const char* meaning, gpt::Command (*declare)(gpt::ArgumentParser&)) {
    commands[name] = declare(parser.add_command(name, meaning));
  };
  add("train", "train a model", gpt::add_train);
  add("launch", "start ranks that train, and start again what is left of them when one dies",
      gpt::add_launch);
  add("sample", "write text with a trained model", gpt::add_sample);
  add("eval", "loss and perplexity of a trained model", gpt::add_eval);
  add("tokenize", "turn a text into a token file", gpt::add_tokenize);
  add("check", "compare with results computed by PyTorch", gpt::add_check);
  add("bench", "time whole training steps", gpt::add_bench);
  add("report", "write one page about a run, for a browser", gpt::add_report);
  add("watch", "show a run as it goes on, in the terminal", gpt::add_watch);
  add("convert", "models and tokens from and to the files of other programs", gpt::add_convert);

  bool go_on = false;
  gpt::together(communicator, [&] {
    go_on = parser.parse(argc, argv);
    GPT_REQUIRE(
        !go_on || !parser.command().empty(),
        "say what to do: train, launch, sample, eval, tokenize, check, bench, report, watch or convert; "
        "--help says more");
  });
  return go_on ? commands.at(parser.command())(communicator) : gpt::exit_ok;
}

}  // namespace

int main(int argc, char** argv) {
  return gpt::run_mpi_program("gpt", [&](gpt::MpiSession& session) -> int {
    if (session.rank() > 0 && !std::freopen("/dev/null", "w", stdout))
      return gpt::exit_failure;  // rank 0 speaks
    const auto communicator = gpt::make_world_communicator(session);
    try {
      return run(argc, argv, *communicator);
    } catch (const gpt::FailedTogether& failure) {
      if (*failure.what()) fmt::print(stderr, "gpt: {}\n", failure.what());
      return failure.exit_code;
    }
  });
}
