#include "tests/chapters/10_collectives/message_trace.hpp"

#include <mpi.h>

#include <algorithm>
#include <deque>
#include <map>
#include <stdexcept>
#include <utility>

namespace {

struct Recorder {
  bool recording = false;
  std::vector<gpt::MessageEvent> events;
  std::map<MPI_Request, int> open;  // the event that a request belongs to
};

/// The one recorder of this process: MPI calls its front doors without an argument of ours.
Recorder& recorder() {
  static Recorder one;
  return one;
}

int note(int code, gpt::MessageEvent::Kind kind, int partner, int count, MPI_Datatype type,
         const MPI_Request* request) {
  if (!recorder().recording) return code;
  int size = 0;
  MPI_Type_size(type, &size);
  recorder().open[*request] = static_cast<int>(recorder().events.size());
  recorder().events.push_back({kind, partner, static_cast<double>(count) * size, -1});
  return code;
}

}  // namespace

extern "C" int MPI_Isend(const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
                         MPI_Request* request) {
  return note(PMPI_Isend(data, count, type, to, tag, comm, request), gpt::MessageEvent::send, to, count, type,
              request);
}

extern "C" int MPI_Irecv(void* data, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
                         MPI_Request* request) {
  return note(PMPI_Irecv(data, count, type, from, tag, comm, request), gpt::MessageEvent::receive, from,
              count, type, request);
}

// Asked again and again until all are there: the first time, the wait begins.
extern "C" int MPI_Testall(int count, MPI_Request* requests, int* all, MPI_Status* statuses) {
  if (recorder().recording)
    for (int i = 0; i < count; ++i)
      if (const auto found = recorder().open.find(requests[i]); found != recorder().open.end()) {
        recorder().events.push_back({gpt::MessageEvent::wait, -1, 0, found->second});
        recorder().open.erase(found);  // MPI uses requests again
      }
  return PMPI_Testall(count, requests, all, statuses);
}

namespace gpt {

std::vector<std::vector<MessageEvent>> traced(const std::function<void()>& body) {
  MPI_Barrier(MPI_COMM_WORLD);
  recorder() = {.recording = true, .events = {}, .open = {}};
  body();
  recorder().recording = false;
  const std::vector<MessageEvent>& mine = recorder().events;
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  std::vector<std::vector<MessageEvent>> all;
  for (int rank = 0; rank < size; ++rank) {
    int count = static_cast<int>(mine.size());
    MPI_Bcast(&count, 1, MPI_INT, rank, MPI_COMM_WORLD);
    std::vector<MessageEvent> events = mine;
    events.resize(static_cast<size_t>(count));
    MPI_Bcast(events.data(), count * static_cast<int>(sizeof(MessageEvent)), MPI_BYTE, rank, MPI_COMM_WORLD);
    all.push_back(std::move(events));
  }
  return all;
}

double replay(const std::vector<std::vector<MessageEvent>>& trace, double alpha, double beta) {
  const size_t ranks = trace.size();
  struct Message {
    double asked;  // when this side asked for it
    size_t event;
  };
  std::vector<std::deque<Message>> sends(ranks), receives(ranks);  // not yet gone, in the order asked
  std::vector<double> clock(ranks), out_free(ranks), in_free(ranks);
  std::vector<size_t> next(ranks);
  std::vector<std::map<size_t, double>> done(ranks);  // event → when its message had arrived

  for (bool moved = true; moved;) {
    moved = false;
    for (size_t rank = 0; rank < ranks; ++rank)  // each rank goes on until it must wait
      for (; next[rank] < trace[rank].size(); ++next[rank]) {
        const MessageEvent& event = trace[rank][next[rank]];
        if (event.kind == MessageEvent::wait) {
          const auto found = done[rank].find(static_cast<size_t>(event.of));
          if (found == done[rank].end()) break;
          clock[rank] = std::max(clock[rank], found->second);
        } else {
          (event.kind == MessageEvent::send ? sends : receives)[rank].push_back({clock[rank], next[rank]});
        }
        moved = true;
      }
    for (size_t from = 0; from < ranks; ++from)  // each first message that both sides have asked for
      while (!sends[from].empty()) {
        const Message sent = sends[from].front();
        const auto to = static_cast<size_t>(trace[from][sent.event].partner);
        if (receives[to].empty()) break;
        const Message received = receives[to].front();
        if (trace[to][received.event].partner != static_cast<int>(from)) break;
        if (trace[to][received.event].bytes != trace[from][sent.event].bytes)
          throw std::runtime_error("a message of another length than expected");
        const double start = std::max({sent.asked, received.asked, out_free[from], in_free[to]});
        const double end = start + alpha + beta * trace[from][sent.event].bytes;
        out_free[from] = in_free[to] = done[from][sent.event] = done[to][received.event] = end;
        sends[from].pop_front();
        receives[to].pop_front();
        moved = true;
      }
  }
  for (size_t rank = 0; rank < ranks; ++rank)
    if (next[rank] < trace[rank].size() || !sends[rank].empty() || !receives[rank].empty())
      throw std::runtime_error("the ranks wait for each other");
  return *std::max_element(clock.begin(), clock.end());
}

}  // namespace gpt
