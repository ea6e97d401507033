#include "16_trainer/server_farewell.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "10_collectives/patience.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

constexpr int last_questions = 200;  // to MPI, which sends only while it is asked something

Message farewell(const std::vector<int>& lost) {
  Message message({.kind = Kind::farewell}, lost.size() * sizeof(int));
  if (!lost.empty()) std::memcpy(message.payload().data(), lost.data(), lost.size() * sizeof(int));
  return message;
}

}  // namespace

Message lost_workers(const ParameterServer& server) {
  return farewell(server.lost());
}

std::vector<int> ranks_in(const Message& message) {
  std::vector<int> ranks(message.payload().size() / sizeof(int));
  if (!ranks.empty()) std::memcpy(ranks.data(), message.payload().data(), ranks.size() * sizeof(int));
  return ranks;
}

// [tell]
void Farewell::tell_everybody(const std::vector<int>& lost) {
  for (int rank = 0; rank < mailbox_.size(); ++rank)
    if (rank != mailbox_.rank()) mailbox_.send(rank, farewell(lost).bytes());
  // Not flush(): it would wait for the dead.
  Patience patience;
  for (int i = 0; i < last_questions; ++i, patience.pause()) static_cast<void>(mailbox_.poll());
}

void Farewell::say(const std::vector<int>& lost) {
  if (lost.empty()) {
    for (int rank = 1; rank < mailbox_.size(); ++rank) mailbox_.send(rank, farewell({}).bytes());
    mailbox_.flush();
    return;
  }
  std::fflush(stdout);
  fmt::print(stderr, "gpt: rank{} {} was lost; the others went on without, and all is saved\n",
             lost.size() == 1 ? "" : "s", fmt::join(lost, ", "));
  tell_everybody(lost);
  end();
}

void Farewell::await() {
  for (;;) {
    const Message message(mailbox_.wait().bytes);
    if (message.header().kind == Kind::farewell) {
      if (!ranks_in(message).empty()) end();
      return;
    }
    // A worker that was taken for dead asks a server that has nothing to do any more.
    if (message.header().kind == Kind::pull)
      mailbox_.send(message.header().worker, Message::refusal(message.header(), "the run has ended").bytes());
  }
}

void Farewell::give_up(const std::string& reason) {
  std::fflush(stdout);
  fmt::print(stderr, "gpt: rank {} ends: {}\n", mailbox_.rank(), reason);
  tell_everybody({mailbox_.rank()});
  end();
}

void Farewell::end() {
  std::fflush(stdout);
  ::_exit(exit_lost_rank);
}
// [/tell]

}  // namespace gpt
