#include "11_ddp/tree.hpp"

#include <bit>

#include "09_averaging/reduce.hpp"

namespace gpt {
namespace {

/// into += from
void add(const Tensor& into, const Tensor& from) {
  reduce_pair(into.dtype(), from.bytes_data(), into.bytes_data(), into.elements(), ReduceOp::sum);
}

}  // namespace

double tree_sum(std::span<const double> values) {
  std::vector<double> level(values.begin(), values.end());
  for (; level.size() > 1; level.resize((level.size() + 1) / 2)) {
    for (size_t i = 0; i + 1 < level.size(); i += 2) level[i / 2] = level[i] + level[i + 1];
    if (level.size() % 2 == 1) level[level.size() / 2] = level.back();
  }
  return level.empty() ? 0.0 : level[0];
}

// [all_reduce]
void tree_all_reduce(Communicator& communicator, const Tensor& values) {
  const int rank = communicator.rank(), ranks = communicator.size();
  GPT_CHECK(is_power_of_two(ranks), "a binary tree over {} ranks: it takes 1, 2, 4, 8, …", ranks);
  const Tensor arrived({values.elements() - values.elements() / 2}, values.dtype());
  Tensor mine = values;        // what this rank goes on with …
  std::vector<Tensor> others;  // … and what it gave to its partners, nearest first
  for (int distance = 1; distance < ranks; distance *= 2) {
    const int64_t half = mine.elements() / 2;
    const Tensor low = mine.slice(0, 0, half), high = mine.slice(0, half, mine.elements());
    const bool takes_low = (rank & distance) == 0;
    mine = takes_low ? low : high;
    others.push_back(takes_low ? high : low);
    const Tensor part = arrived.slice(0, 0, mine.elements());
    communicator.exchange(others.back(), part, rank ^ distance);
    add(mine, part);  // both summed 2·distance neighbours before they meet the next
  }
  for (int distance = ranks / 2; distance >= 1; distance /= 2) {
    communicator.exchange(mine, others.back(), rank ^ distance);
    const int64_t begin = std::min(mine.offset(), others.back().offset()) - values.offset();
    mine = values.slice(0, begin, begin + mine.elements() + others.back().elements());
    others.pop_back();
  }
}
// [/all_reduce]

TreeSum::TreeSum(Tensor buffer, int64_t leaves) : buffer_(std::move(buffer)), leaves_(leaves) {
  GPT_CHECK(is_power_of_two(leaves), "a binary tree over {} leaves: it takes 1, 2, 4, 8, …", leaves);
  for (int64_t kept = 1; kept < leaves; kept *= 2) sums_.emplace_back(buffer_.shape(), buffer_.dtype());
}

// [counter]
void TreeSum::take() {
  GPT_CHECK(taken_ < leaves_ - 1, "leaf {} of {} is the last one: complete() adds it", taken_ + 1, leaves_);
  // Adding 1 to a binary number turns its trailing ones into zeros, and the zero before them into a one.
  const int ones = std::countr_one(static_cast<uint64_t>(taken_));
  for (int k = 0; k < ones; ++k) add(buffer_, sums_[static_cast<size_t>(k)]);
  sums_[static_cast<size_t>(ones)].copy_from(buffer_);
  buffer_.fill(0.0);
  ++taken_;
}

void TreeSum::complete(int64_t from, int64_t to) const {
  GPT_CHECK(taken_ == leaves_ - 1, "{} of {} leaves were taken before the last one", taken_, leaves_ - 1);
  const Tensor elements = buffer_.slice(0, from, to);
  for (const Tensor& sum : sums_) add(elements, sum.slice(0, from, to));  // all bits are ones now
}
// [/counter]

}  // namespace gpt
