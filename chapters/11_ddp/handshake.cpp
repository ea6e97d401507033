#include "11_ddp/handshake.hpp"

#include "11_ddp/odd_rank.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

constexpr size_t longest_value_shown = 80;

std::string sentence(const Agreement& mine, OddRank odd, Communicator& communicator) {
  const std::string its_value = communicator.broadcast(mine.value, odd.rank);
  const std::string value = communicator.broadcast(mine.value, odd.other);
  const std::string text = fmt::format("rank {} has another {} than rank {}", odd.rank, mine.what, odd.other);
  if (std::max(value.size(), its_value.size()) > longest_value_shown) return text;
  return fmt::format("{}: {}, not {}", text, its_value, value);
}

}  // namespace

// [handshake]
std::string find_disagreement(const std::vector<Agreement>& agreements, Communicator& communicator) {
  uint64_t names = agreements.size();
  for (const Agreement& agreement : agreements) names = checksum(agreement.what, names);
  if (const auto odd = find_odd_rank(gather_numbers({names}, communicator)))
    return fmt::format("rank {} runs another version of this program than rank {}", odd->rank, odd->other);

  std::vector<uint64_t> mine;
  for (const Agreement& agreement : agreements) mine.push_back(checksum(agreement.value));
  const std::vector<uint64_t> all = gather_numbers(mine, communicator);
  for (size_t i = 0; i < mine.size(); ++i) {
    std::vector<uint64_t> of_ranks;
    for (size_t rank = 0; rank * mine.size() < all.size(); ++rank)
      of_ranks.push_back(all[rank * mine.size() + i]);
    if (const auto odd = find_odd_rank(of_ranks)) return sentence(agreements[i], *odd, communicator);
  }
  return "";
}
// [/handshake]

}  // namespace gpt
