#pragma once
// A way to sum gradients over the ranks in fewer bytes.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "09_averaging/communicator.hpp"
#include "11_ddp/bucket.hpp"

namespace gpt {

// [state]
/// A row of numbers that the next step depends on: part of a checkpoint.
struct StateRow {
  enum class Kind {
    parts,   ///< each rank has its own; only their sum over the ranks matters (what a rank has yet to send)
    pieces,  ///< each rank has a piece, and zeros elsewhere: their sum is the whole row, and each takes of it
             ///< what is its own (what the owner of a chunk has yet to send)
    common   ///< the same on all ranks
  };
  std::string name;
  Kind kind = Kind::parts;
  Tensor row;  ///< f32; writing to it changes the state
};
// [/state]

// [compression]
/// How the sum of a bucket is taken; the plain way is one all-reduce.
class Compression {
 public:
  virtual ~Compression() = default;

  /// May the gradients lie in this memory?
  virtual bool takes(Device device) const { return device == Device::cpu; }
  /// The gradients lie in the row `gradients`, of f32, cut into buckets by `plan`. Called before the first
  /// sum(), and between steps when the buckets change; what was not sent yet is kept.
  virtual void arrange(const ParameterStore& parameters, const BucketPlan& plan, const Tensor& gradients) = 0;

  /// Called when a bucket is final as far as its device was asked for it; what it returns is called before
  /// its sum, by the same thread (workshop.hpp).
  virtual std::function<void()> mark() const {
    return [] {};
  }
  /// Called in every step for all buckets in order, when the gradients of this bucket, and so of those before
  /// it, are final; `group` has no other use meanwhile. After the last one the row holds the sums, with the
  /// same bits on all ranks. Collective, and runs beside the backward pass.
  virtual void sum(Communicator& group, size_t bucket, int64_t step) = 0;

  /// Steps in which the gradients are summed whole, before the compression begins.
  virtual int64_t warmup() const { return 0; }
  /// True when the sums are not gradients, but the momentum of Adam: then the step takes them as they are,
  /// divided by the root of mean squares that stay what they were when the warm-up ended.
  virtual bool delivers_momentum() const { return false; }
  /// The momentum after the warm-up, by which all ranks begin: (the row's size).
  virtual void start_momentum(const Tensor& /*momentum*/, int /*ranks*/) {}
  /// What a checkpoint must hold; known once arranged.
  virtual std::vector<StateRow> state() { return {}; }
};
// [/compression]

}  // namespace gpt
