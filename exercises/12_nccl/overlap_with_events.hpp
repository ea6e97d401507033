#pragma once

namespace gpt {

/// The two streams of a GPU, as far as this exercise needs them. Every call returns at once: it only
/// enqueues. What is in one stream runs in order; the two know nothing of each other.
class TwoStreams {
 public:
  enum class Stream { compute, communication };
  virtual ~TwoStreams() = default;

  /// Event number `event`: done when `stream` has run all that it was asked for before this call.
  virtual void record(int event, Stream stream) = 0;
  /// What is enqueued in `stream` after this call does not begin before the event is done.
  virtual void wait(Stream stream, int event) = 0;
  /// The sum of one bucket over all ranks.
  virtual void all_reduce(int bucket, Stream stream) = 0;
  /// The optimizer, which reads all gradients.
  virtual void step(Stream stream) = 0;
};

/// Called when the kernels that compute the gradients of `bucket` were enqueued in the compute stream, and
/// before those of the next bucket are. The bucket is to be added up as soon as its gradients are there,
/// while the compute stream goes on.
void bucket_enqueued(TwoStreams& streams, int bucket);

/// Called when the kernels of all `buckets` were enqueued. The optimizer is to run in the compute stream, as
/// soon as all sums are there.
void finish(TwoStreams& streams, int buckets);

}  // namespace gpt
