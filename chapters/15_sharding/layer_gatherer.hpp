#pragma once
// Parameters that are there while they are needed, and no longer.

#include <memory>
#include <vector>

#include "05_gpt/gpt.hpp"
#include "11_ddp/background_group.hpp"
#include "15_sharding/owners.hpp"

namespace gpt {

/// The order in which a training pass of a GPT needs the units of layer_ends(): the tables, layer 0, …, the
/// last layer, the tables (for the head), the last layer, …, layer 0.
std::vector<size_t> visits_of_pass(int64_t layers);

// [gatherer]
/// Fetches each unit's parameters from their owners one visit ahead of its use, while the unit before it
/// computes, and gives their memory back when the pass has moved on. So a rank holds its own parts, the unit
/// in use and the next one.
class LayerGatherer {
 public:
  /// Takes the hook of the model, whose parameters lie in paged_zeros() and which outlives it. From then on
  /// passes come in pairs, forward and backward, on all ranks alike. Collective.
  LayerGatherer(Gpt& model, Communicator& communicator, const Partition& partition);
  ~LayerGatherer();
  LayerGatherer(const LayerGatherer&) = delete;
  LayerGatherer& operator=(const LayerGatherer&) = delete;

  /// After a forward and a backward pass: nothing but the own parts stays.
  void end_pass();
  /// Instead of a forward and a backward pass, on a rank that has no rows for it: the others need what it
  /// owns.
  void empty_pass();

  /// Between passes: everything is there, for passes that come in no pairs, until give_back_all() is
  /// called. Collective.
  void gather_all();
  void give_back_all();
  /// Waits for what is on its way, as the next visit would. For those who measure.
  void await_fetched();

 private:
  void enter(int64_t layer);
  void fetch(size_t unit);

  Gpt& model_;
  Partition partition_;
  int rank_;
  std::vector<size_t> visits_;
  size_t next_ = 0;                            // of the visits in this pass
  bool whole_ = false;                         // gather_all() was called
  std::vector<std::unique_ptr<Work>> coming_;  // by unit: fetched, or on its way; else nullptr
  BackgroundGroup background_;
};
// [/gatherer]

}  // namespace gpt
