#pragma once
// How the ranks of a run add up their gradients: --all-reduce and --bucket-mb, where they say auto.

#include <nlohmann/json.hpp>

#include <string>

#include "10_collectives/mpi_communicator.hpp"
#include "16_trainer/run_folder.hpp"
#include "16_trainer/trainer.hpp"

namespace gpt {

/// How the ranks of an MPI communicator add up rows, and why so.
struct ChosenPlan {
  AllReducePlan plan;
  const char* origin;  ///< "measured", …
};

/// An algorithm that the configuration names is taken for all sizes. "auto" is shared memory when all ranks
/// are on one host, where it is the fastest for all but the shortest messages and adds in order of rank; on
/// several hosts it is what a short measurement chooses. Collective.
ChosenPlan choose_plan(const TrainConfig& config, MpiCommunicator& mpi);

/// What a run has chosen, on rank 0 also as its communication.json. Floating-point sums depend on their
/// order: the order in which an algorithm adds, and where buckets end. So a run that is resumed on as many
/// ranks goes on with what it began with.
class CommunicationChoice {
 public:
  /// Reads the file when the run is resumed. Throws UserError on all ranks when it is damaged. Collective.
  CommunicationChoice(const RunFolder& run, bool resumed, Communicator& communicator);

  /// Gives `carrier`, which moves the bytes for `communicator`, the plan of its all-reduces: what the run
  /// began with, or what choose_plan() says. Does nothing where there is no choice: one rank, or threads.
  /// Collective; throws UserError on all ranks.
  void choose_all_reduce(const TrainConfig& config, Communicator& carrier, Communicator& communicator);

  /// Gives the trainer the size of its buckets. Collective.
  void choose_buckets(const TrainConfig& config, Trainer& trainer, const DataLoader& data,
                      Communicator& communicator);

  /// "all-reduce *:ring (measured), buckets of 4 MB (measured)"; "" on one rank.
  const std::string& text() const { return text_; }

 private:
  void keep(const char* name, const nlohmann::ordered_json& value, Communicator& communicator);
  void say(const std::string& what, const char* origin);

  const RunFolder& run_;
  nlohmann::ordered_json stored_;
  std::string text_;
};

}  // namespace gpt
