#pragma once
// A network that is not there.

#include "09_averaging/background_worker.hpp"
#include "10_collectives/cost_model.hpp"
#include "11_ddp/reducer.hpp"

namespace gpt {

/// Sums like SumReducer, but no bucket is done sooner than a ring over such links would do it: what is left
/// of that time, the communication sleeps. Ranks that share a machine have no wire to wait for, and this is
/// how they can still watch what a wire would do. It simulates time alone: a real link also takes processor
/// time.
class SlowLinkReducer final : public GradientReducer {
 public:
  /// The communicator outlives it.
  SlowLinkReducer(Communicator& communicator, const LinkCost& link)
      : communicator_(communicator), link_(link) {}
  std::unique_ptr<Work> start(size_t bucket, const Tensor& gradients) override;

 private:
  Communicator& communicator_;
  LinkCost link_;
  BackgroundWorker worker_;
};

}  // namespace gpt
