#include "16_trainer/all_reduce_choice.hpp"

#include "10_collectives/benchmark.hpp"
#include "16_trainer/together.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

using nlohmann::ordered_json;

/// What communication.json holds; an empty object when it is not there.
ordered_json read_communication(const RunFolder& run) {
  if (!std::filesystem::exists(run.communication())) return ordered_json::object();
  ordered_json file = read_json_file(run.communication());
  GPT_REQUIRE(file.is_object(), "{} is damaged: it should hold {{\"name\": value, …}}",
              run.communication().string());
  return file;
}

/// The plan that a run of so many ranks began with, "" when there is none.
std::string stored_plan(const ordered_json& file, int ranks, const RunFolder& run) {
  if (!file.contains("ranks") || !file.contains("all_reduce") || file["ranks"] != ranks) return "";
  GPT_REQUIRE(file["all_reduce"].is_string(), "{} gives all_reduce as {}, which is no plan",
              run.communication().string(), file["all_reduce"].dump());
  try {
    return to_string(parse_plan(file["all_reduce"].get<std::string>()));
  } catch (const UserError& error) {
    throw UserError(fmt::format("{} is damaged: {}", run.communication().string(), error.what()));
  }
}

}  // namespace

// [choose]
std::string choose_all_reduce(const TrainConfig& config, const RunFolder& run, bool resumed,
                              Communicator& communicator) {
  auto* const mpi = dynamic_cast<MpiCommunicator*>(&communicator);
  if (mpi == nullptr) return "";
  const bool one_host = on_one_host(mpi->hosts());
  ordered_json file;
  std::string stored;
  on_first_rank(communicator, [&] {
    file = read_communication(run);
    if (resumed) stored = stored_plan(file, communicator.size(), run);
  });
  stored = communicator.broadcast(stored, 0);
  if (!one_host && !stored.empty() && parse_plan(stored).uses(AllReduceAlgorithm::shared_memory))
    stored = "";  // the run began on one host

  AllReducePlan plan;
  std::string origin;
  if (config.all_reduce != "auto") {
    plan = AllReducePlan::only(algorithm_named(config.all_reduce));
    origin = "as asked for";
  } else if (!stored.empty()) {
    plan = parse_plan(stored);
    origin = "as before";
  } else if (one_host) {
    plan = default_plan(mpi->hosts());
    origin = "one host";
  } else {
    plan = measure_all_reduce(*mpi);
    origin = "measured";
  }
  together(communicator, [&] { mpi->set_plan(plan); });
  on_first_rank(communicator, [&] {
    file["ranks"] = communicator.size();
    file["all_reduce"] = to_string(plan);
    write_file_atomically(run.communication(), file.dump(2) + "\n");
  });
  return fmt::format("{} ({})", to_string(plan), origin);
}
// [/choose]

}  // namespace gpt
