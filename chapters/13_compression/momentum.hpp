#pragma once
// Compressions that send not the gradient but the momentum made of it.

#include "13_compression/compression.hpp"
#include "13_compression/workshop.hpp"

namespace gpt {

// [momentum]
/// Adam divides a mean of the gradients by the root of a mean of their squares. A code that errs now and
/// makes up for it later leaves the first mean right in the long run, but not the second: the squares of its
/// errors stay in. So these compressions let Adam warm up with whole gradients; then its mean squares stay
/// what they are (1-bit Adam: Tang and others, 2021). From there on every rank r keeps a momentum
/// u = β₁u + (1-β₁)g of its own part of the gradients, and what is sent is u and what was not sent before:
/// the momentum correction of Deep Gradient Compression (Lin and others, 2018).
class MomentumCompression : public Compression {
 public:
  struct Options {
    int64_t warmup = 100;
    double beta1 = 0.9;
  };
  bool takes(Device device) const override { return has_workshop(device); }
  void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) override;
  std::function<void()> mark() const override { return workshop_->mark(); }
  int64_t warmup() const override { return options_.warmup; }
  bool delivers_momentum() const override { return true; }
  /// The ranks' momenta add up to Adam's: each begins with its equal part.
  void start_momentum(const Tensor& momentum, int ranks) override;
  std::vector<StateRow> state() override;

 protected:
  explicit MomentumCompression(const Options& options) : options_(options) {}
  /// u = β₁u + (1-β₁)g for the elements from … to-1.
  void advance(int64_t from, int64_t to);

  Options options_;
  std::unique_ptr<Workshop> workshop_;  // where the gradients are, and all rows
  std::vector<Bucket> buckets_;
  Tensor gradients_;
  Tensor momentum_;  // u
  Tensor residual_;  // what this rank has yet to send
};
// [/momentum]

/// Ends Adam's warm-up of `steps` steps: m and v become what their corrections of the bias make of them. From
/// here on a step of AdamW with beta1 = 0 and beta2 = 1 takes the sums for m, and leaves v as it is. No
/// element of v stays below 1% of the mean of its parameter: a momentum sent in few bits is never quite 0,
/// and divided by the root of almost nothing it would blow up what hardly ever has a gradient, such as the
/// row of a rare token.
void end_warmup(const ParameterStore& parameters, const Tensor& m, const Tensor& v, double beta1,
                double beta2, int64_t steps);

}  // namespace gpt
