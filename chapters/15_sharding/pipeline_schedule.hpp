#pragma once
// In which order the stages of a pipeline work: who computes what, and who sends what to whom.

#include <cstdint>
#include <string>
#include <vector>

#include "common/gantt.hpp"

namespace gpt {

// [task]
/// The forward or the backward pass of one micro-batch through one stage.
struct Task {
  enum class Kind { forward, backward } kind;
  int micro_batch;
  bool operator==(const Task&) const = default;
};
// [/task]

/// GPipe's order (Huang and others, 2019): all micro-batches forward, then all backward. A stage holds the
/// activations of all of them in between.
std::vector<Task> all_then_all(int stage, int stages, int micro_batches);

/// "One forward, one backward" (Narayanan and others, 2019 and 2021: PipeDream-flush): as few micro-batches
/// forward as it takes until the first gradient can come back, then forward and backward in turn. Of
/// `stages - stage` micro-batches at most the activations are held, however many there are. Pure functions of
/// their arguments: all stages know the orders of all.
std::vector<Task> one_forward_one_backward(int stage, int stages, int micro_batches);

using PipelineOrder = std::vector<Task> (*)(int stage, int stages, int micro_batches);

/// How many micro-batches are held at most between their forward and their backward pass.
int most_held(const std::vector<Task>& order);

// [instruction]
/// What a stage does next: compute, or pass on what was computed. The next stage gets the output, the
/// previous one the gradient.
struct Instruction {
  enum class Kind {
    forward,
    backward,
    send_output,       ///< to the next stage
    receive_output,    ///< from the previous one: this stage's input
    send_gradient,     ///< to the previous stage
    receive_gradient,  ///< from the next one
    /// Both at once with the next stage: send the output of `micro_batch`, receive the gradient of `other`.
    swap_with_next,
    /// The other side of it: send the gradient of `micro_batch`, receive the input of `other`.
    swap_with_previous,
  } kind;
  int micro_batch;
  int other = -1;
  bool operator==(const Instruction&) const = default;
};
// [/instruction]

/// A stage's order with its messages. Where two neighbours would each send before they receive, they swap: a
/// send may wait for its receiver, and both would wait forever.
std::vector<Instruction> with_messages(PipelineOrder schedule, int stage, int stages, int micro_batches);

/// When each task of each stage runs, if a forward pass takes `forward` and a backward pass `backward`, and
/// messages take no time: a lane of bars for each stage. Throws Error when the stages wait for each other.
GanttPanel timing_of(PipelineOrder schedule, int stages, int micro_batches, double forward = 1,
                     double backward = 2);
/// The end of the last bar.
double length_of(const GanttPanel& panel);
/// The share of the stages' time in which they have nothing to do.
double idle_share(const GanttPanel& panel);
/// What it must be: (P - 1) / (M + P - 1), for both orders and any costs (Huang and others, 2019).
double bubble(int stages, int micro_batches);

}  // namespace gpt
