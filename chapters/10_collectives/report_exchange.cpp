#include "10_collectives/report_exchange.hpp"

#include <cstring>
#include <utility>

namespace gpt {
namespace {

constexpr int report_tag = 0;

struct WireAnswer {
  int32_t order = 0;
  char from[96] = {};
  char where[160] = {};
};

std::vector<std::byte> to_bytes(const Answer& answer) {
  WireAnswer wire;
  wire.order = static_cast<int32_t>(answer.order);
  answer.from.copy(wire.from, sizeof wire.from - 1);
  answer.where.copy(wire.where, sizeof wire.where - 1);
  std::vector<std::byte> bytes(sizeof wire);
  std::memcpy(bytes.data(), &wire, sizeof wire);
  return bytes;
}

Answer answer_from_bytes(const std::vector<std::byte>& bytes) {
  WireAnswer wire;
  std::memcpy(&wire, bytes.data(), sizeof wire);
  return {static_cast<Answer::Order>(wire.order), wire.from, wire.where};
}

/// Is a message done? An error is none: a peer that cannot be reached is one that is not heard of.
bool done(MPI_Request& request) {
  int flag = 0;
  return MPI_Test(&request, &flag, MPI_STATUS_IGNORE) == MPI_SUCCESS && flag;
}

}  // namespace

ReportExchange::ReportExchange(MPI_Comm parent) : comm_(duplicate(parent)) {
  int rank = 0, size = 0;
  MPI_CHECK(MPI_Comm_rank(comm_.get(), &rank));
  MPI_CHECK(MPI_Comm_size(comm_.get(), &size));
  links_.resize(rank == 0 ? static_cast<size_t>(size) : 1);
  if (rank > 0) return;
  for (int peer = 1; peer < size; ++peer) listen(links_[static_cast<size_t>(peer)], peer, report_bytes());
}

void ReportExchange::listen(Link& link, int peer, size_t bytes) {
  link.incoming.resize(bytes);
  MPI_Irecv(link.incoming.data(), static_cast<int>(bytes), MPI_BYTE, peer, report_tag, comm_.get(),
            &link.receiving);
}

bool ReportExchange::heard(Link& link) {
  return link.receiving != MPI_REQUEST_NULL && done(link.receiving);
}

void ReportExchange::send(Link& link, int peer, std::vector<std::byte> bytes) {
  link.outgoing = std::move(bytes);
  MPI_Isend(link.outgoing.data(), static_cast<int>(link.outgoing.size()), MPI_BYTE, peer, report_tag,
            comm_.get(), &link.sending);
}

void ReportExchange::tell(const RankReport& report) {
  Link& link = links_[0];
  if (link.receiving != MPI_REQUEST_NULL || !done(link.sending)) return;
  listen(link, 0, sizeof(WireAnswer));
  send(link, 0, to_bytes(report));
}

std::optional<Answer> ReportExchange::answer() {
  Link& link = links_[0];
  if (!heard(link)) return {};
  return answer_from_bytes(link.incoming);
}

std::vector<RankReport> ReportExchange::reports() {
  std::vector<RankReport> result;
  for (Link& link : links_)
    if (heard(link)) {
      result.push_back(report_from_bytes(link.incoming));
      link.owed = true;
    }
  return result;
}

void ReportExchange::answer_all(const Answer& answer) {
  for (int peer = 1; peer < static_cast<int>(links_.size()); ++peer) {
    Link& link = links_[static_cast<size_t>(peer)];
    if (!done(link.sending) || !(link.owed || answer.order == Answer::Order::end) || link.closed) continue;
    link.owed = false;
    link.closed = answer.order != Answer::Order::go_on;
    if (!link.closed) listen(link, peer, report_bytes());
    send(link, peer, to_bytes(answer));
  }
}

bool ReportExchange::closed() {
  for (size_t peer = 1; peer < links_.size(); ++peer)
    if (!links_[peer].closed || !done(links_[peer].sending)) return false;
  return true;
}

}  // namespace gpt
