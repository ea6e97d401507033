#include "15_sharding/partition.hpp"

#include <algorithm>

namespace gpt {

Partition::Partition(std::vector<int64_t> ends, int ranks, int64_t alignment)
    : ends_(std::move(ends)), ranks_(ranks), alignment_(alignment) {
  GPT_CHECK(ranks_ >= 1 && alignment_ >= 1, "{} ranks, an alignment of {}", ranks_, alignment_);
  GPT_CHECK(!ends_.empty() && ends_.front() >= 0 && std::is_sorted(ends_.begin(), ends_.end()),
            "the ends of the units do not rise");
}

// [border]
int64_t Partition::border(size_t u, int rank) const {
  const Part whole = unit(u);
  if (rank == 0) return whole.from;
  if (rank == ranks_) return whole.to;
  const int64_t even = whole.from + whole.elements() * rank / ranks_;
  const int64_t aligned = (even + alignment_ / 2) / alignment_ * alignment_;
  return std::clamp(aligned, whole.from, whole.to);
}
// [/border]

std::vector<Part> Partition::parts(int rank) const {
  std::vector<Part> all;
  for (size_t u = 0; u < units(); ++u)
    if (const Part mine = part(u, rank); mine.elements() > 0) all.push_back(mine);
  return all;
}

int64_t Partition::owned(int rank) const {
  int64_t elements = 0;
  for (const Part& part : parts(rank)) elements += part.elements();
  return elements;
}

size_t Partition::unit_of(int64_t element) const {
  GPT_CHECK(element >= 0 && element < size(), "element {} of an arena of {}", element, size());
  return static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), element) - ends_.begin());
}

int Partition::owner(int64_t element) const {
  const size_t u = unit_of(element);
  int rank = 0;
  while (element >= part(u, rank).to) ++rank;
  return rank;
}

// [layer_ends]
std::vector<int64_t> layer_ends(const ParameterStore& store) {
  std::vector<int64_t> ends;
  std::string before;  // the layer of the parameter before this one: "h.3", or nothing
  for (const Parameter& parameter : store.parameters()) {
    const std::string& name = parameter.name;
    const std::string layer = name.starts_with("h.") ? name.substr(0, name.find('.', 2)) : "";
    if (layer != before && !before.empty()) ends.push_back(parameter.offset);
    before = layer;
  }
  ends.push_back(store.size());
  return ends;
}
// [/layer_ends]

}  // namespace gpt
