#include "14_parameter_server/client.hpp"

#include <algorithm>
#include <cstring>

namespace gpt {

ParameterClient::ParameterClient(const ParameterStore& store, std::vector<ShardRange> shards, int worker,
                                 int64_t block, bool incremental)
    : store_(store),
      shards_(std::move(shards)),
      worker_(worker),
      block_(block),
      incremental_(incremental),
      servers_(shards_.size()) {
  GPT_CHECK(!shards_.empty() && block > 0, "{} shards in blocks of {}", shards_.size(), block);
  GPT_CHECK(store.values().dtype() == DType::f32, "a worker sends f32, not {}", store.values().dtype());
}

Header ParameterClient::header_to(int server, Kind kind) const {
  const auto s = static_cast<size_t>(server);
  return {.kind = kind,
          .worker = worker_,
          .clock = servers_[s].clock,
          .version = servers_[s].version,
          .from = shards_[s].from,
          .to = shards_[s].to};
}

Message ParameterClient::pull(int server) {
  Header header = header_to(server, Kind::pull);
  if (!incremental_) header.version = -1;
  Message message(header);
  traffic_.pulled += static_cast<int64_t>(message.bytes().size());
  return message;
}

// [accept]
void ParameterClient::accept(int server, const Message& message) {
  const Header& header = message.header();
  const ShardRange shard = shards_.at(static_cast<size_t>(server));
  GPT_CHECK(header.kind != Kind::refused, "server {} refused: {}", server, message.text());
  GPT_CHECK(header.kind == Kind::values && header.shard() == shard,
            "a message of kind {} for elements {} to {} where server {} should send the values of {} to {}",
            static_cast<int>(header.kind), header.from, header.to, server, shard.from, shard.to);
  const std::span<const std::byte> payload = message.payload();
  const size_t numbers_bytes = static_cast<size_t>(std::max(header.blocks, 0)) * sizeof(int32_t);
  GPT_CHECK(header.blocks >= 0 && numbers_bytes <= payload.size(), "{} blocks in {} bytes", header.blocks,
            payload.size());
  std::vector<int32_t> blocks(static_cast<size_t>(header.blocks));
  if (!blocks.empty()) std::memcpy(blocks.data(), payload.data(), numbers_bytes);
  std::span<const std::byte> rest = payload.subspan(numbers_bytes);
  float* const values = store_.values().data<float>() + shard.from;
  for (const int32_t b : blocks) {
    const int64_t from = b * block_, count = std::min(block_, shard.elements() - from);
    const size_t bytes = static_cast<size_t>(std::max<int64_t>(count, 0)) * sizeof(float);
    GPT_CHECK(b >= 0 && count > 0 && bytes <= rest.size(), "block {} of a shard of {}, with {} bytes left", b,
              shard.elements(), rest.size());
    std::memcpy(values + from, rest.data(), bytes);
    rest = rest.subspan(bytes);
  }
  GPT_CHECK(rest.empty(), "{} bytes too many from server {}", rest.size(), server);
  servers_[static_cast<size_t>(server)] = {header.clock, header.version};
  traffic_.pulled += static_cast<int64_t>(message.bytes().size());
}
// [/accept]

Message ParameterClient::push(int server) {
  const ShardRange shard = shards_.at(static_cast<size_t>(server));
  const size_t bytes = static_cast<size_t>(shard.elements()) * sizeof(float);
  Message message(header_to(server, Kind::push), bytes);
  std::memcpy(message.payload().data(), store_.gradients().data<float>() + shard.from, bytes);
  ++servers_[static_cast<size_t>(server)].clock;
  traffic_.pushed += static_cast<int64_t>(message.bytes().size());
  return message;
}

Message ParameterClient::leave(int server) {
  return Message(header_to(server, Kind::leave));
}

}  // namespace gpt
