#pragma once
// A GPT that is split over ranks must train as a whole one does.

#include "09_averaging/communicator.hpp"
#include "15_sharding/pipeline_schedule.hpp"

namespace gpt {

/// How the ranks share a model: rank = (data · stages + stage) · tensor + t, so that the ranks of a tensor
/// group are neighbours.
struct Layout {
  int tensor = 1, stages = 1, data = 1;
  int micro_batches = 1;
  PipelineOrder order = one_forward_one_backward;
  int ranks() const { return tensor * stages * data; }
};

/// 10 steps of AdamW with clipping, with dropout: the losses, norms and parameters must be those of chapter
/// 05's Gpt on one rank. `type`: f64 computes with the reference, f32 with the backend for processors. Called
/// by all ranks, of which there are layout.ranks().
void expect_trains_as_a_whole_model(Communicator& communicator, const Layout& layout, DType type);

/// Layouts for that number of ranks, the most telling ones in front.
std::vector<Layout> layouts_for(int ranks);

}  // namespace gpt
