#pragma once
// A worker's side of the conversation.

#include <vector>

#include "14_parameter_server/message.hpp"

namespace gpt {

/// Bytes of the messages of one worker, headers included.
struct WireBytes {
  int64_t pulled = 0, pushed = 0;
};

// [client]
/// What a worker says to its servers, and what it makes of their answers. A step is: pull from all servers,
/// compute the gradient, push to all servers.
class ParameterClient {
 public:
  /// Pulls into store.values() and pushes store.gradients(), f32. `shards[s]` belongs to server s. With
  /// `incremental`, a pull brings only the blocks that have changed since the worker's last one.
  ParameterClient(const ParameterStore& store, std::vector<ShardRange> shards, int worker, int64_t block,
                  bool incremental);

  int servers() const { return static_cast<int>(shards_.size()); }
  Message pull(int server);
  /// Takes the answer to a pull. Throws Error for a refusal, with the server's reason, and for a message that
  /// does not fit.
  void accept(int server, const Message& message);
  Message push(int server);
  Message leave(int server);

  /// Steps that this worker has finished, as server 0 counts them.
  int64_t clock() const { return servers_[0].clock; }
  const WireBytes& traffic() const { return traffic_; }
  // [/client]

 private:
  struct AtServer {
    int64_t clock = Header::unknown_clock;
    int64_t version = -1;  // of what was pulled last
  };
  Header header_to(int server, Kind kind) const;

  const ParameterStore& store_;
  std::vector<ShardRange> shards_;
  int worker_;
  int64_t block_;
  bool incremental_;
  std::vector<AtServer> servers_;
  WireBytes traffic_;
};

}  // namespace gpt
