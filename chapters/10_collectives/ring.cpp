// Around a ring: every rank sends to its right neighbour while it receives from its left one, so all links
// carry bytes all the time (Patarasuk and Yuan 2009).
//
// The row is cut into n chunks. In each step a rank passes on the chunk that it received in the step before:
//
//   step          rank r sends        and receives
//   0             chunk r             chunk r-1, adds its own numbers to it
//   1             chunk r-1           chunk r-2, adds
//   …
//   n-2           chunk r-n+2         chunk r-n+1 = r+1, adds: this chunk is the sum of all ranks now
//   n-1           chunk r+1           chunk r, finished: stores it
//   …             …                   …, stores
//
// A step that waits for a whole chunk before it sends leaves the wire silent while it adds. So the chunks are
// cut into segments: what is received as segment i of a step is sent on at once as segment i of the next
// step, whatever the other segments do, and the additions hide behind the bytes on their way.

#include <algorithm>
#include <vector>

#include "09_averaging/reduce.hpp"
#include "10_collectives/collectives.hpp"

namespace gpt {
namespace {

// Before a longer message Open MPI asks whether the receiver is ready. Both ranks must look up from their
// work for that, and the wire waits.
constexpr int64_t segment_bytes = unasked_bytes;
constexpr int64_t receives_ahead = 8;  // segments that may arrive before they are asked for

/// What a rank does in the steps of a collective: it first adds, then stores.
struct Walk {
  int first_chunk;  ///< the one it sends in step 0
  int adding, storing;
};

/// A step of a segment: item i is segment i % segments of the chunk sent in step i / segments. What arrives
/// as item i is item i + segments of the same rank.
class RingWalk {
 public:
  RingWalk(const PointToPoint& ring, const Tensor& row, Walk walk, ReduceOp op)
      : ring_(ring), row_(row), walk_(walk), op_(op), n_(ring.size()) {
    const int64_t longest = (row.elements() + n_ - 1) / n_ * size_of(row.dtype());
    segments_ = std::max<int64_t>(1, (longest + segment_bytes - 1) / segment_bytes);
    received_ = (walk.adding + walk.storing) * segments_;
    ahead_ = std::min(receives_ahead, n_ * segments_);  // no further than once around
  }

  void run();

 private:
  Tensor place(int64_t item) const {
    const int64_t chunk = (walk_.first_chunk - item / segments_ + 2 * n_) % n_;  // an all-reduce has 2n-1
    return part_of(part_of(row_, chunk, n_), item % segments_, segments_);
  }
  bool adds(int64_t item) const { return item < walk_.adding * segments_; }
  void expect(int64_t item);
  void take(int64_t item);
  void pass_on(int64_t item) { leaving_.push_back(ring_.start_send(place(item), (ring_.rank() + 1) % n_)); }

  const PointToPoint& ring_;
  const Tensor& row_;
  const Walk walk_;
  const ReduceOp op_;
  const int n_;
  int64_t segments_ = 1;
  int64_t ahead_ = 1;
  int64_t received_ = 0;            // items to receive, as many as to send
  std::vector<Transfer> leaving_;   // of item i
  std::vector<Transfer> arriving_;  // of item i
  std::vector<Tensor> buffers_;     // where item i arrives
};

// [ring]
void RingWalk::run() {
  for (int64_t item = 0; item < std::min(segments_, received_); ++item) pass_on(item);  // my own chunk
  for (int64_t item = 0; item < std::min(ahead_, received_); ++item) expect(item);
  for (int64_t item = 0; item < received_; ++item) {
    take(item);
    if (item + segments_ < received_) pass_on(item + segments_);
    if (item + ahead_ < received_) expect(item + ahead_);
  }
  for (Transfer& transfer : leaving_) transfer.wait();
}
// [/ring]

void RingWalk::expect(int64_t item) {
  const Tensor target = place(item + segments_);
  // A chunk that comes round again was sent by this rank n steps before: it must have left.
  if (const int64_t before = item + segments_ - n_ * segments_; before >= 0)
    leaving_[static_cast<size_t>(before)].wait();
  buffers_.push_back(adds(item) ? Tensor(target.shape(), target.dtype()) : target);
  arriving_.push_back(ring_.start_receive(buffers_.back(), (ring_.rank() + n_ - 1) % n_));
}

// [take]
void RingWalk::take(int64_t item) {
  const auto i = static_cast<size_t>(item);
  arriving_[i].wait();
  if (!adds(item)) return;
  const Tensor mine = place(item + segments_);
  combine(buffers_[i], mine, mine, op_);
  const bool complete = !adds(item + segments_);  // all ranks have added their numbers
  if (complete) finish_average(mine, op_, ring_.size());
  buffers_[i] = Tensor();
}
// [/take]

}  // namespace

void ring_all_reduce(const PointToPoint& group, const Tensor& row, ReduceOp op) {
  const int n = group.size();
  RingWalk(group, row, {.first_chunk = group.rank(), .adding = n - 1, .storing = n - 1}, op).run();
}

// [halves]
void ring_reduce_scatter(const PointToPoint& group, const Tensor& part, const Tensor& whole, ReduceOp op) {
  const int n = group.size();
  const Tensor sums = whole.clone();  // the walk adds in place, and `whole` must stay
  // One chunk further back than in the all-reduce, so that chunk r is complete on rank r.
  RingWalk(group, sums, {.first_chunk = (group.rank() - 1 + n) % n, .adding = n - 1, .storing = 0}, op).run();
  part.copy_from(part_of(sums, group.rank(), n));
}

void ring_all_gather(const PointToPoint& group, const Tensor& whole, const Tensor& part) {
  const int n = group.size();
  const Tensor mine = part_of(whole, group.rank(), n);
  if (mine.bytes_data() != part.bytes_data()) mine.copy_from(part);
  RingWalk(group, whole, {.first_chunk = group.rank(), .adding = 0, .storing = n - 1}, ReduceOp::sum).run();
}
// [/halves]

}  // namespace gpt
