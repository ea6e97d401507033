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
  /// `code`: "bf16", "fp16" or "int8".
  QuantisedGradients(std::string code, uint64_t seed) : code_(std::move(code)), seed_(seed) {}
  bool takes(Device device) const override { return has_workshop(device); }
  void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) override;
  std::function<void()> mark() const override { return workshop_->mark(); }
  void sum(Communicator& group, size_t bucket, int64_t step) override;

 private:
  std::string code_;
  std::unique_ptr<Workshop> workshop_;  // where the gradients are
  std::unique_ptr<Codec> codec_;
  uint64_t seed_;
  std::vector<Bucket> buckets_;
  Tensor gradients_;
};

/// The elements of a bucket in a row of f32 as long as the arena, in whatever memory it lies.
inline std::span<float> elements_of(const Tensor& row, const Bucket& bucket) {
  GPT_CHECK(row.dtype() == DType::f32 && row.is_contiguous() && bucket.to <= row.elements(),
            "elements {} … {} of {} {}", bucket.from, bucket.to, row.elements(), row.dtype());
  return {reinterpret_cast<float*>(row.address()) + bucket.from,
          static_cast<size_t>(bucket.to - bucket.from)};
}

/// All of it.
inline std::span<float> elements_of(const Tensor& row) {
  return elements_of(row, Bucket{0, row.elements(), 0});
}

}  // namespace gpt
