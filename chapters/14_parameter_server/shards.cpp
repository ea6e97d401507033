#include "14_parameter_server/shards.hpp"

#include <algorithm>

#include "03_optimizers/initialisation.hpp"

namespace gpt {

namespace {
constexpr int64_t alignment = 16;  // elements: that of ParameterStore
}

// [cut]
std::vector<ShardRange> cut_into_shards(int64_t elements, int servers) {
  GPT_CHECK(servers > 0, "{} servers", servers);
  const int64_t lines = (elements + alignment - 1) / alignment;
  GPT_REQUIRE(lines >= servers, "{} servers are too many for {} elements, of which each takes 16 or more",
              servers, elements);
  const auto cut = [&](int64_t server) { return std::min(lines * server / servers * alignment, elements); };
  std::vector<ShardRange> shards;
  for (int64_t server = 0; server < servers; ++server) shards.push_back({cut(server), cut(server + 1)});
  return shards;
}

ParameterStore make_shard_store(const ParameterStore& whole, ShardRange range) {
  GPT_CHECK(
      range.from >= 0 && range.from <= range.to && range.to <= whole.size() && range.from % alignment == 0,
      "a shard from {} to {} of {} elements", range.from, range.to, whole.size());
  ParameterStore shard(whole.values().dtype());
  // A store lays out its parameters in the reverse order of their declaration.
  for (auto p = whole.parameters().rbegin(); p != whole.parameters().rend(); ++p) {
    const int64_t from = std::max(p->offset, range.from), to = std::min(p->offset + p->elements, range.to);
    if (from >= to) continue;
    // Rank 2 for what decays: that is how a store tells.
    const Shape shape = p->decay ? Shape{to - from, 1} : Shape{to - from};
    shard.declare(p->name, shape, initial::zeros());
  }
  shard.allocate(0);
  shard.values().copy_from(whole.values().slice(0, range.from, range.from + shard.size()));
  return shard;
}
// [/cut]

}  // namespace gpt
