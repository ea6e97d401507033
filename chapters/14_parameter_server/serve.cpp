#include "14_parameter_server/serve.hpp"

#include "10_collectives/patience.hpp"

namespace gpt {
namespace {

/// What the server says to bytes that came, whatever they are.
std::vector<Letter> answers_to(ParameterServer& server, Delivery delivery, double now) {
  try {
    const Message message(std::move(delivery.bytes));
    GPT_CHECK(message.header().worker == delivery.from, "rank {} speaks as worker {}", delivery.from,
              message.header().worker);
    return server.handle(message, now);
  } catch (const Error& error) {
    return {{delivery.from, Message::refusal({}, error.what())}};
  }
}

}  // namespace

// [serve]
void serve(Mailbox& mailbox, ParameterServer& server, const std::function<double()>& now,
           const std::function<void()>& after_update) {
  Patience patience;
  while (!server.done()) {
    const int64_t before = server.version();
    std::vector<Letter> letters;
    if (std::optional<Delivery> delivery = mailbox.poll()) {
      letters = answers_to(server, std::move(*delivery), now());
      patience = {};
    } else {
      letters = server.expire(now());
      if (letters.empty()) patience.pause();
    }
    if (after_update && server.version() != before) after_update();
    for (const Letter& letter : letters) mailbox.send(letter.to, letter.message.bytes());
  }
}
// [/serve]

// [worker]
bool Worker::pull() {
  for (int s = 0; s < roles_.servers; ++s) mailbox_.send(roles_.rank_of_server(s), client_.pull(s).bytes());
  for (int answers = 0; answers < roles_.servers; ++answers) {
    Delivery delivery = mailbox_.wait(patience_);
    const Message message(std::move(delivery.bytes));
    if (message.header().kind == Kind::farewell) return false;
    client_.accept(delivery.from - roles_.workers, message);
  }
  return true;
}

void Worker::push() {
  for (int s = 0; s < roles_.servers; ++s) mailbox_.send(roles_.rank_of_server(s), client_.push(s).bytes());
}
// [/worker]

void Worker::leave() {
  for (int s = 0; s < roles_.servers; ++s) mailbox_.send(roles_.rank_of_server(s), client_.leave(s).bytes());
  mailbox_.flush();
}

}  // namespace gpt
