#include "16_trainer/communication_choice.hpp"

#include "10_collectives/benchmark.hpp"
#include "16_trainer/device_ranks.hpp"
#include "16_trainer/together.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

using nlohmann::ordered_json;

constexpr const char* ranks_entry = "ranks";
constexpr const char* all_reduce_entry = "all_reduce";
constexpr const char* bucket_entry = "bucket_bytes";

/// What communication.json holds for so many ranks; an empty object when there is nothing. Throws UserError
/// when it is damaged.
ordered_json read_communication(const std::filesystem::path& path, int ranks) {
  if (!std::filesystem::exists(path)) return ordered_json::object();
  ordered_json file = read_json_file(path);
  GPT_REQUIRE(file.is_object(), "{} is damaged: it should hold {{\"name\": value, …}}", path.string());
  if (!file.contains(ranks_entry) || file[ranks_entry] != ranks) return ordered_json::object();
  if (file.contains(all_reduce_entry)) {
    const ordered_json& plan = file[all_reduce_entry];
    GPT_REQUIRE(plan.is_string(), "{} is damaged: it gives all_reduce as {}", path.string(), plan.dump());
    try {
      parse_plan(plan.get<std::string>());
    } catch (const UserError& error) {
      throw UserError(fmt::format("{} is damaged: {}", path.string(), error.what()));
    }
  }
  GPT_REQUIRE(!file.contains(bucket_entry) ||
                  (file[bucket_entry].is_number_integer() && file[bucket_entry].get<int64_t>() > 0),
              "{} is damaged: it gives bucket_bytes as {}", path.string(), file[bucket_entry].dump());
  return file;
}

}  // namespace

CommunicationChoice::CommunicationChoice(const RunFolder& run, bool resumed, Communicator& communicator)
    : run_(run), stored_(ordered_json::object()) {
  on_first_rank(communicator, [&] {
    if (resumed) stored_ = read_communication(run_.communication(), communicator.size());
  });
  stored_ = ordered_json::parse(communicator.broadcast(stored_.dump(), 0));
}

// [choose]
ChosenPlan choose_plan(const TrainConfig& config, MpiCommunicator& mpi) {
  const std::string wanted = wanted_all_reduce(config);
  if (wanted != "auto") return {AllReducePlan::only(algorithm_named(wanted)), "as asked for"};
  if (on_one_host(mpi.hosts())) return {default_plan(mpi.hosts()), "one host"};
  return {measure_all_reduce(mpi), "measured"};
}

void CommunicationChoice::choose_all_reduce(const TrainConfig& config, Communicator& carrier,
                                            Communicator& communicator) {
  if (carrier.name() != "mpi") return;
  auto* const mpi = &dynamic_cast<MpiCommunicator&>(carrier);  // what calls itself so is it
  const std::string stored = stored_.value(all_reduce_entry, "");
  const bool usable = !stored.empty() && (on_one_host(mpi->hosts()) ||
                                          !parse_plan(stored).uses(AllReduceAlgorithm::shared_memory));
  const auto [plan, origin] = wanted_all_reduce(config) == "auto" && usable
                                  ? ChosenPlan{parse_plan(stored), "as before"}
                                  : choose_plan(config, *mpi);
  together(communicator, [&] { mpi->set_plan(plan); });
  keep(all_reduce_entry, to_string(plan), communicator);
  say("all-reduce " + to_string(plan), origin);
}

void CommunicationChoice::choose_buckets(const TrainConfig& config, Trainer& trainer, const DataLoader& data,
                                         Communicator& communicator) {
  if (trainer.groups().data().size() == 1 || config.zero > 0 || config.local_sgd > 0) return;
  int64_t bytes = 0;
  const char* origin = nullptr;
  if (config.bucket_bytes())
    bytes = *config.bucket_bytes(), origin = "as asked for";
  else if (stored_.contains(bucket_entry))
    bytes = stored_[bucket_entry], origin = "as before";
  else
    bytes = trainer.measure_bucket_bytes(data), origin = "measured";
  trainer.set_bucket_bytes(bytes);
  keep(bucket_entry, bytes, communicator);
  say(fmt::format("buckets of {:g} MB", static_cast<double>(bytes) / (1 << 20)), origin);
}
// [/choose]

void CommunicationChoice::keep(const char* name, const ordered_json& value, Communicator& communicator) {
  stored_[ranks_entry] = communicator.size();
  stored_[name] = value;
  on_first_rank(communicator, [&] { write_file_atomically(run_.communication(), stored_.dump(2) + "\n"); });
}

void CommunicationChoice::say(const std::string& what, const char* origin) {
  text_ += fmt::format("{}{} ({})", text_.empty() ? "" : ", ", what, origin);
}

}  // namespace gpt
