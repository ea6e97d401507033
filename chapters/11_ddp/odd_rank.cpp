#include "11_ddp/odd_rank.hpp"

#include <algorithm>
#include <cstring>

namespace gpt {

std::vector<uint64_t> gather_numbers(const std::vector<uint64_t>& mine, Communicator& communicator) {
  if (mine.empty()) return {};
  const auto words = static_cast<int64_t>(mine.size()) * 2;
  const Tensor part({words}, DType::i32), whole({words * communicator.size()}, DType::i32);
  std::memcpy(part.bytes_data(), mine.data(), static_cast<size_t>(part.bytes()));
  communicator.all_gather(whole, part);
  std::vector<uint64_t> all(mine.size() * static_cast<size_t>(communicator.size()));
  std::memcpy(all.data(), whole.bytes_data(), static_cast<size_t>(whole.bytes()));
  return all;
}

std::optional<OddRank> find_odd_rank(const std::vector<uint64_t>& numbers) {
  const auto votes = [&](uint64_t number) { return std::count(numbers.begin(), numbers.end(), number); };
  const auto majority = std::max_element(numbers.begin(), numbers.end(),
                                         [&](uint64_t a, uint64_t b) { return votes(a) < votes(b); });
  const auto odd = std::find_if(numbers.begin(), numbers.end(), [&](uint64_t n) { return n != *majority; });
  if (odd == numbers.end()) return {};
  return OddRank{static_cast<int>(odd - numbers.begin()), static_cast<int>(majority - numbers.begin())};
}

}  // namespace gpt
