#include "16_trainer/server_checkpoint.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace gpt {

// [server_moments]
void save_server_moments(const std::filesystem::path& checkpoints, int64_t step, const ParameterStore& whole,
                         ParameterServer& server, int number, int servers) {
  const ShardRange shard = server.shard();
  SafetensorsWriter writer;
  for (const Parameter& parameter : whole.parameters()) {
    const int64_t from = std::max(shard.from, parameter.offset);
    const int64_t to = std::min(shard.to, parameter.offset + parameter.elements);
    if (from >= to) continue;
    const std::string run =
        fmt::format("{}[{}:{}]", parameter.name, from - parameter.offset, to - parameter.offset);
    for (const NamedTensor& moment : server.optimizer().state())  // "m" and "v"
      writer.add(moment.name + "." + run, moment.value.slice(0, from - shard.from, to - shard.from));
  }
  writer.write(shard_file(checkpoints, step, number, servers));
}

void load_server_moments(const std::filesystem::path& checkpoint, const Gpt& model, ParameterServer& server,
                         int64_t updates) {
  const ShardRange shard = server.shard();
  read_optimizer(checkpoint, model.parameters(), [&](char name, int64_t offset, const Tensor& values) {
    const int64_t from = std::max(shard.from, offset);
    const int64_t to = std::min(shard.to, offset + values.elements());
    if (from >= to) return;
    for (const NamedTensor& moment : server.optimizer().state())
      if (moment.name[0] == name)
        moment.value.slice(0, from - shard.from, to - shard.from)
            .copy_from(values.slice(0, from - offset, to - offset));
  });
  server.optimizer().set_steps(updates);
}
// [/server_moments]

Message last_values(const ParameterServer& server, int worker, int64_t block) {
  const ShardRange shard = server.shard();
  std::vector<int32_t> blocks(static_cast<size_t>((shard.elements() + block - 1) / block));
  std::iota(blocks.begin(), blocks.end(), 0);
  const size_t numbers = blocks.size() * sizeof(int32_t);
  const size_t bytes = static_cast<size_t>(shard.elements()) * sizeof(float);
  Message message({.kind = Kind::values,
                   .worker = worker,
                   .blocks = static_cast<int32_t>(blocks.size()),
                   .clock = server.clocks().clock(worker),
                   .version = server.version(),
                   .from = shard.from,
                   .to = shard.to},
                  numbers + bytes);
  std::memcpy(message.payload().data(), blocks.data(), numbers);
  std::memcpy(message.payload().data() + numbers, server.values().data<float>(), bytes);
  return message;
}

}  // namespace gpt
