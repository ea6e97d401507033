#pragma once
// Gradients as codes of chapter 13, in buckets.

#include <memory>

#include "13_compression/compression.hpp"
#include "13_compression/two_phase.hpp"

namespace gpt {

/// Each bucket is a two-phase sum of codes. For codecs that are right on average or nearly right: no error is
/// kept.
class QuantisedGradients final : public Compression {
 public:
  QuantisedGradients(std::unique_ptr<Codec> codec, uint64_t seed) : codec_(std::move(codec)), seed_(seed) {}
  void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) override;
  void sum(Communicator& group, size_t bucket, int64_t step) override;

 private:
  std::unique_ptr<Codec> codec_;
  uint64_t seed_;
  std::vector<Bucket> buckets_;
  Tensor gradients_;
};

/// The elements of a bucket in a row as long as the arena.
inline std::span<float> elements_of(const Tensor& row, const Bucket& bucket) {
  return row.span<float>().subspan(static_cast<size_t>(bucket.from),
                                   static_cast<size_t>(bucket.to - bucket.from));
}

}  // namespace gpt
