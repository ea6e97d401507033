// Says: on one stream nothing overlaps
#include "exercises/12_nccl/overlap_with_events.hpp"

namespace gpt {

using Stream = TwoStreams::Stream;

void bucket_enqueued(TwoStreams& streams, int bucket) {
  streams.all_reduce(bucket, Stream::compute);
}

void finish(TwoStreams& streams, int buckets) {
  streams.step(Stream::compute);
  static_cast<void>(buckets);
}

}  // namespace gpt
