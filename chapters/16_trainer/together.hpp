#pragma once
// Ranks that fail together. When one rank cannot read a file, the others must not wait for it for ever.

#include <functional>

#include "09_averaging/communicator.hpp"
#include "common/check.hpp"

namespace gpt {

/// Thrown on all ranks at once, so that each can end in good order. One rank has something to say: there
/// what() is the message; on the others it is empty.
class FailedTogether : public Error {
 public:
  FailedTogether(const std::string& message, int code) : Error(message), exit_code(code) {}
  int exit_code;  ///< the same on all ranks
};

/// Runs `body` on every rank. When it throws on some, FailedTogether is thrown on all, and the lowest rank
/// that failed has the message. `body` itself must not call collectives.
void together(Communicator& communicator, const std::function<void()>& body);

/// The same with a body for rank 0 alone; the others wait.
void on_first_rank(Communicator& communicator, const std::function<void()>& body);

}  // namespace gpt
