#include "11_ddp/backward_parts.hpp"

#include <algorithm>

namespace gpt {

std::string part_of(const std::string& name) {
  if (name.starts_with("h.")) return "layer " + name.substr(2, name.find('.', 2) - 2);
  return name.starts_with("ln_f.") ? "head" : "embedding";
}

// [parts]
std::vector<BackwardPart> backward_parts(const ParameterStore& parameters, const Interval& backward,
                                         const std::vector<std::chrono::steady_clock::time_point>& ready) {
  GPT_CHECK_EQ(ready.size(), parameters.parameters().size());
  std::vector<BackwardPart> parts;
  for (size_t p = 0; p < ready.size(); ++p) {
    if (ready[p] < backward.start) continue;  // not in this pass
    const std::string name = part_of(parameters.parameters()[p].name);
    auto part =
        std::find_if(parts.begin(), parts.end(), [&](const auto& other) { return other.name == name; });
    if (part == parts.end()) part = parts.insert(part, {name, {ready[p], ready[p]}});
    part->interval.end = std::max(part->interval.end, ready[p]);
  }
  std::stable_sort(parts.begin(), parts.end(), [](const BackwardPart& a, const BackwardPart& b) {
    return a.interval.end < b.interval.end;
  });
  auto end = backward.start;
  for (BackwardPart& part : parts) {
    part.interval.start = end;
    end = part.interval.end;
  }
  return parts;
}
// [/parts]

}  // namespace gpt
