#include "16_trainer/rank_groups.hpp"

#include "common/check.hpp"

namespace gpt {

// [validate]
void validate_tp(const TrainConfig& c) {
  GPT_REQUIRE(c.tp >= 1, "--tp must be at least 1, not {}", c.tp);
  if (c.tp == 1) return;
  GPT_REQUIRE(c.heads % c.tp == 0, "--tp {} shares out the attention's --heads {}, which it does not divide",
              c.tp, c.heads);
  GPT_REQUIRE(c.zero == 0,
              "--tp {} cuts every matrix, and --zero {} the row of them all: leave out one of them", c.tp,
              c.zero);
  GPT_REQUIRE(
      c.compress == "none",
      "--compress {} saves what a rank has yet to send of a whole model, and with --tp {} no rank has "
      "one: leave out one of them",
      c.compress, c.tp);
  GPT_REQUIRE(
      c.local_sgd == 0,
      "--local-sgd has each rank walk by itself, and with --tp {} no rank has a model of its own: leave "
      "out one of them",
      c.tp);
  GPT_REQUIRE(
      !c.reproducible,
      "--tp {} adds up what the ranks have of every layer, so the bits depend on the number of ranks: "
      "leave out --reproducible or --tp",
      c.tp);
  GPT_REQUIRE(c.device != "cuda" && c.device != "simt",
              "--tp {} computes in the host's memory, and not in that of --device {}", c.tp, c.device);
  GPT_REQUIRE(c.comm != "nccl",
              "--tp {} computes on the host, and --comm nccl on the device: leave out one of them", c.tp);
}
// [/validate]

void require_fitting_groups(const TrainConfig& c, const std::vector<double>& hosts) {
  const auto tp = static_cast<size_t>(c.tp);
  GPT_REQUIRE(hosts.size() % tp == 0,
              "--tp {} has {} ranks share each model: start a multiple of that, not {}", tp, tp,
              hosts.size());
  for (size_t rank = 0; rank < hosts.size(); ++rank)
    GPT_REQUIRE(
        hosts[rank] == hosts[rank / tp * tp],
        "--tp {} has ranks {} to {} share a model, and they are not on one host: its sums go back and "
        "forth in every layer, so choose a --tp that divides the ranks of each host",
        tp, rank / tp * tp, rank / tp * tp + tp - 1);
}

RankGroups::RankGroups(Communicator& all, int64_t tp) : all_(&all) {
  if (tp == 1) return;
  const int ranks = static_cast<int>(tp), group = all.rank() / ranks, place = all.rank() % ranks;
  GPT_CHECK(all.size() % ranks == 0, "{} ranks in groups of {}", all.size(), ranks);
  model_ = all.split(group, place);
  data_ = all.split(place, group);
}

}  // namespace gpt
