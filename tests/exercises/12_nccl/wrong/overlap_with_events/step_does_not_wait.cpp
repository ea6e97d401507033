// Says: the optimizer did not wait
#include "exercises/12_nccl/overlap_with_events.hpp"

namespace gpt {

using Stream = TwoStreams::Stream;

void bucket_enqueued(TwoStreams& streams, int bucket) {
  streams.record(bucket, Stream::compute);
  streams.wait(Stream::communication, bucket);
  streams.all_reduce(bucket, Stream::communication);
}

void finish(TwoStreams& streams, int buckets) {
  streams.step(Stream::compute);
  static_cast<void>(buckets);
}

}  // namespace gpt
