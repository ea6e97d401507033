#pragma once
// What workers and servers say to each other.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "14_parameter_server/shards.hpp"

namespace gpt {

// [message]
enum class Kind : int32_t {
  pull = 1,  ///< worker → server: the parameters, please, as soon as I may begin my step `clock`
  values,    ///< server → worker: here they are
  push,      ///< worker → server: my gradient of step `clock`; no answer comes
  leave,     ///< worker → server: I have finished; no answer comes
  refused,   ///< server → worker: that was wrong, for the reason that follows
  farewell,  ///< to anybody: the run has ended; what follows are the ranks that were lost
};

/// The first 48 bytes of every message.
struct Header {
  static constexpr int32_t magic_number = 0x50534731;
  /// As the clock of a pull: the worker has just started, and learns its clock from the answer.
  static constexpr int64_t unknown_clock = -1;

  int32_t magic = magic_number;
  Kind kind = Kind::pull;
  int32_t worker = 0;
  int32_t blocks = 0;  ///< values: how many blocks follow
  int64_t clock = 0;   ///< steps that the worker has finished
  /// Updates that the shard has seen. values: now; push: when its parameters were pulled; pull: at the
  /// worker's last pull, so that only what has changed need be sent, or -1 for all.
  int64_t version = 0;
  int64_t from = 0, to = 0;  ///< the shard

  ShardRange shard() const { return {from, to}; }
};
// [/message]

/// A header and what follows it, in one run of bytes: one message of MPI. What follows:
///   push     an f32 for each element of the shard
///   values   `blocks` numbers of blocks, i32 each, then the f32 of these blocks, one after the other
///   refused  text
///   farewell numbers of ranks, i32
class Message {
 public:
  /// A message to be sent; the bytes that follow the header are 0.
  explicit Message(const Header& header, size_t payload_bytes = 0);
  static Message refusal(const Header& to, std::string_view reason);
  /// A message that came. Throws Error for one that is too short to be any, or begins like none.
  explicit Message(std::vector<std::byte> bytes);

  const Header& header() const { return header_; }
  std::span<std::byte> payload() { return std::span(bytes_).subspan(sizeof(Header)); }
  std::span<const std::byte> payload() const { return std::span(bytes_).subspan(sizeof(Header)); }
  std::string text() const;  ///< the payload of a refusal
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  Header header_;
  std::vector<std::byte> bytes_;
};

/// A message and whom it is for.
struct Letter {
  int to;  ///< the number of a worker
  Message message;
};

}  // namespace gpt
