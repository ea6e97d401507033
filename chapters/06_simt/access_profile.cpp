// AccessProfile: the counts of a checker, added up and told by line.

#include <cstdlib>
#include <tuple>
#include <utility>

#include "06_simt/checker.hpp"
#include "06_simt/source_lines.hpp"

namespace gpt::simt {
namespace {

AccessProfile*& current_profile() {
  static thread_local AccessProfile* current = nullptr;
  return current;
}

void add_counts(AccessSite& sum, const AccessSite& counts) {
  sum.requests += counts.requests;
  sum.lanes += counts.lanes;
  sum.cost += counts.cost;
  sum.ideal += counts.ideal;
}

}  // namespace

AccessProfile* AccessProfile::current() {
  return current_profile();
}
AccessProfile::AccessProfile() : outer_(current()) {
  current_profile() = this;
}
AccessProfile::~AccessProfile() {
  current_profile() = outer_;
}

void AccessProfile::add(const void* instruction, const AccessSite& counts) {
  AccessSite& sum = by_instruction_[instruction];
  sum.space = counts.space;
  sum.write = counts.write;
  sum.bytes = counts.bytes;
  add_counts(sum, counts);
}

std::vector<AccessSite> AccessProfile::sites() const {
  std::vector<const void*> instructions;
  for (const auto& [instruction, sum] : by_instruction_) instructions.push_back(instruction);
  const std::vector<std::string> lines = detail::source_lines(instructions);
  // The compiler may have made several instructions of one line.
  using Key = std::tuple<std::string, int, AccessSite::Space, bool, unsigned>;
  std::map<Key, AccessSite> by_line;
  for (size_t i = 0; i < lines.size(); ++i) {
    const AccessSite& counts = by_instruction_.at(instructions[i]);
    const size_t colon = lines[i].rfind(':');
    const int number = colon == std::string::npos ? 0 : std::atoi(lines[i].c_str() + colon + 1);
    const Key key{lines[i].substr(0, colon), number, counts.space, counts.write, counts.bytes};
    AccessSite& sum = by_line.try_emplace(key, AccessSite{lines[i], counts.space, counts.write, counts.bytes})
                          .first->second;
    add_counts(sum, counts);
  }
  std::vector<AccessSite> result;
  for (auto& [key, sum] : by_line) result.push_back(std::move(sum));
  return result;
}

AccessSite AccessProfile::total(AccessSite::Space space) const {
  AccessSite sum{.where = {}, .space = space};
  for (const auto& [instruction, counts] : by_instruction_)
    if (counts.space == space) add_counts(sum, counts);
  return sum;
}

}  // namespace gpt::simt
