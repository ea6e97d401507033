#include "14_parameter_server/mailbox.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "10_collectives/mpi_session.hpp"
#include "10_collectives/patience.hpp"

namespace gpt {

namespace {
constexpr int tag = 14;
}

Mailbox::Mailbox(MPI_Comm parent) : comm_(duplicate(parent)) {
  MPI_CHECK(MPI_Comm_rank(parent, &rank_));
  MPI_CHECK(MPI_Comm_size(parent, &size_));
}

Mailbox::~Mailbox() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  clear_sent();
  // What has not gone never will: its receiver is dead. MPI may still look at the bytes, so they stay.
  if (!sending_.empty() && !finalized) static_cast<void>(new std::list<Sending>(std::move(sending_)));
  if (!coming_.empty() && !finalized) static_cast<void>(new std::list<Coming>(std::move(coming_)));
}

// [poll]
void Mailbox::send(int to, std::vector<std::byte> bytes) {
  clear_sent();
  GPT_CHECK(bytes.size() <= static_cast<size_t>(std::numeric_limits<int>::max()),
            "a message of {} bytes is longer than MPI counts: use more servers", bytes.size());
  Sending& sending = sending_.emplace_back(std::move(bytes), MPI_REQUEST_NULL);
  MPI_CHECK(MPI_Isend(sending.bytes.data(), static_cast<int>(sending.bytes.size()), MPI_BYTE, to, tag,
                      comm_.get(), &sending.request));
}

std::optional<Delivery> Mailbox::poll() {
  clear_sent();
  int there = 0;
  MPI_Message message = MPI_MESSAGE_NULL;
  MPI_Status status;
  MPI_CHECK(MPI_Improbe(MPI_ANY_SOURCE, tag, comm_.get(), &there, &message, &status));
  if (there) begin_to_receive(message, status);
  std::vector<int> unfinished;  // whose messages must wait for an earlier one
  for (auto coming = coming_.begin(); coming != coming_.end(); ++coming) {
    const int from = coming->delivery.from;
    if (std::ranges::count(unfinished, from) > 0) continue;
    int whole = 0;
    MPI_CHECK(MPI_Test(&coming->request, &whole, MPI_STATUS_IGNORE));
    if (whole) {
      Delivery delivery = std::move(coming->delivery);
      coming_.erase(coming);
      return delivery;
    }
    unfinished.push_back(from);
  }
  return std::nullopt;
}

void Mailbox::begin_to_receive(MPI_Message message, const MPI_Status& status) {
  int bytes = 0;
  MPI_CHECK(MPI_Get_count(&status, MPI_BYTE, &bytes));
  Coming& coming = coming_.emplace_back();
  coming.delivery = {status.MPI_SOURCE, std::vector<std::byte>(static_cast<size_t>(bytes))};
  MPI_CHECK(MPI_Imrecv(coming.delivery.bytes.data(), bytes, MPI_BYTE, &message, &coming.request));
}
// [/poll]

Delivery Mailbox::wait(double seconds) {
  const auto start = std::chrono::steady_clock::now();
  for (Patience patience;; patience.pause()) {
    if (std::optional<Delivery> delivery = poll()) return std::move(*delivery);
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    if (waited.count() > seconds)
      throw Silence(fmt::format("nobody has answered for {:.0f} seconds", seconds));
  }
}

void Mailbox::clear_sent() {
  for (auto sending = sending_.begin(); sending != sending_.end();) {
    int gone = 0;
    MPI_CHECK(MPI_Test(&sending->request, &gone, MPI_STATUS_IGNORE));
    sending = gone ? sending_.erase(sending) : std::next(sending);
  }
}

void Mailbox::flush() {
  for (Sending& sending : sending_) MPI_CHECK(MPI_Wait(&sending.request, MPI_STATUS_IGNORE));
  sending_.clear();
}

}  // namespace gpt
