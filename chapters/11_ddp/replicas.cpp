#include "11_ddp/replicas.hpp"

#include <algorithm>
#include <cstring>

#include "common/file.hpp"

namespace gpt {
namespace {

uint64_t checksum_of(const Tensor& tensor) {
  return checksum(std::span(tensor.bytes_data(), static_cast<size_t>(tensor.bytes())));
}

/// All ranks' numbers in order of rank: as many from each.
std::vector<uint64_t> gather(const std::vector<uint64_t>& mine, Communicator& communicator) {
  const auto words = static_cast<int64_t>(mine.size()) * 2;
  const Tensor part({words}, DType::i32), whole({words * communicator.size()}, DType::i32);
  std::memcpy(part.bytes_data(), mine.data(), static_cast<size_t>(part.bytes()));
  communicator.all_gather(whole, part);
  std::vector<uint64_t> all(mine.size() * static_cast<size_t>(communicator.size()));
  std::memcpy(all.data(), whole.bytes_data(), static_cast<size_t>(whole.bytes()));
  return all;
}

/// The first rank whose number differs from the one that most ranks have, and one of those ranks; on a tie
/// the lower rank is believed.
struct Odd {
  int rank, other;
};
Odd find_odd(const std::vector<uint64_t>& numbers) {
  const auto votes = [&](uint64_t number) { return std::count(numbers.begin(), numbers.end(), number); };
  const auto majority = std::max_element(numbers.begin(), numbers.end(),
                                         [&](uint64_t a, uint64_t b) { return votes(a) < votes(b); });
  const auto odd = std::find_if(numbers.begin(), numbers.end(), [&](uint64_t n) { return n != *majority; });
  return {static_cast<int>(odd - numbers.begin()), static_cast<int>(majority - numbers.begin())};
}

}  // namespace

// [check]
void check_replicas(const ParameterStore& parameters, Communicator& communicator, int64_t step) {
  const std::vector<uint64_t> whole = gather({checksum_of(parameters.values())}, communicator);
  if (std::all_of(whole.begin(), whole.end(), [&](uint64_t sum) { return sum == whole[0]; })) return;

  const Odd odd = find_odd(whole);
  std::vector<uint64_t> mine;
  for (const Parameter& p : parameters.parameters()) mine.push_back(checksum_of(parameters.value(p)));
  const std::vector<uint64_t> all = gather(mine, communicator);
  for (size_t i = 0; i < mine.size(); ++i) {
    const auto of_rank = [&](int rank) { return all[static_cast<size_t>(rank) * mine.size() + i]; };
    if (of_rank(odd.rank) == of_rank(odd.other)) continue;
    throw Error(
        fmt::format("the replicas have diverged at step {}: parameter {} of rank {} differs from that "
                    "of rank {}",
                    step, parameters.parameters()[i].name, odd.rank, odd.other));
  }
  throw Error(
      fmt::format("the replicas have diverged at step {}: the padding of rank {} differs from that of "
                  "rank {}",
                  step, odd.rank, odd.other));
}
// [/check]

}  // namespace gpt
