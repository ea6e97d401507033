#include "10_collectives/plan.hpp"

#include <algorithm>
#include <charconv>

#include "10_collectives/mpi_comm.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

struct Unit {
  std::string_view name;
  int64_t bytes;
};
constexpr std::array units{Unit{"GiB", 1 << 30}, Unit{"MiB", 1 << 20}, Unit{"KiB", 1 << 10}, Unit{"B", 1}};

std::string bound_text(int64_t bytes) {
  if (bytes == AllReducePlan::unlimited) return "*";
  for (const Unit& unit : units)
    if (bytes % unit.bytes == 0) return fmt::format("{}{}", bytes / unit.bytes, unit.name);
  return "";
}

/// -1 when `text` is no bound.
int64_t parse_bound(std::string_view text) {
  if (text == "*") return AllReducePlan::unlimited;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view name = text.substr(static_cast<size_t>(end - text.data()));
  if (error == std::errc() && number > 0)
    for (const Unit& unit : units)
      if (name == unit.name && number < AllReducePlan::unlimited / unit.bytes) return number * unit.bytes;
  return -1;
}

}  // namespace

AllReduceAlgorithm AllReducePlan::at(int64_t bytes) const {
  for (const Range& range : ranges)
    if (bytes <= range.up_to) return range.algorithm;
  throw Error("a plan without an end");
}

bool AllReducePlan::uses(AllReduceAlgorithm algorithm) const {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& r) { return r.algorithm == algorithm; });
}

std::string to_string(const AllReducePlan& plan) {
  std::string text;
  for (const AllReducePlan::Range& range : plan.ranges)
    text +=
        fmt::format("{}{}:{}", text.empty() ? "" : ",", bound_text(range.up_to), name_of(range.algorithm));
  return text;
}

AllReducePlan parse_plan(std::string_view text) {
  AllReducePlan plan;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view range = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), range.size() + 1));
    const size_t colon = range.find(':');
    const int64_t bound = parse_bound(range.substr(0, colon));
    const int64_t last = plan.ranges.empty() ? 0 : plan.ranges.back().up_to;
    GPT_REQUIRE(colon != std::string_view::npos && bound > last,
                "'{}' is no plan of all-reduces: it should be like 64KiB:recursive-doubling,*:ring", text);
    plan.ranges.push_back({bound, algorithm_named(range.substr(colon + 1))});
  }
  GPT_REQUIRE(!plan.ranges.empty() && plan.ranges.back().up_to == AllReducePlan::unlimited,
              "'{}' is no plan of all-reduces: its last part should be for all sizes, as *:ring", text);
  return plan;
}

AllReduceAlgorithm algorithm_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const AllReduceAlgorithm algorithm : all_reduce_algorithms) {
    if (name_of(algorithm) == name) return algorithm;
    names.push_back(name_of(algorithm));
  }
  throw UserError(
      fmt::format("there is no all-reduce called '{}'; there are {}", name, fmt::join(names, ", ")));
}

AllReducePlan default_plan(std::span<const int> hosts) {
  if (on_one_host(hosts)) return AllReducePlan::only(AllReduceAlgorithm::shared_memory);
  return {{{64 << 10, AllReduceAlgorithm::recursive_doubling},
           {AllReducePlan::unlimited, AllReduceAlgorithm::ring}}};
}

}  // namespace gpt
