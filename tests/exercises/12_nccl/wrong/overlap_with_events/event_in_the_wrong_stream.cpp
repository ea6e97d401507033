// Says: before its gradients were there
#include "exercises/12_nccl/overlap_with_events.hpp"

namespace gpt {

using Stream = TwoStreams::Stream;

void bucket_enqueued(TwoStreams& streams, int bucket) {
  streams.record(bucket, Stream::communication);
  streams.wait(Stream::communication, bucket);
  streams.all_reduce(bucket, Stream::communication);
}

void finish(TwoStreams& streams, int buckets) {
  // The communication stream runs in order: where its last sum is there, all are.
  streams.record(buckets, Stream::communication);
  streams.wait(Stream::compute, buckets);
  streams.step(Stream::compute);
}

}  // namespace gpt
