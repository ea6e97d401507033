#include "15_sharding/pipeline_schedule.hpp"

#include <algorithm>

#include "common/check.hpp"

namespace gpt {
namespace {

constexpr auto forward = Task::Kind::forward, backward = Task::Kind::backward;

void check(int stage, int stages, int micro_batches) {
  GPT_CHECK(0 <= stage && stage < stages && micro_batches >= 1, "stage {} of {}, {} micro-batches", stage,
            stages, micro_batches);
}

/// Whether `second` comes right after `first`.
bool neighbours(const std::vector<Task>& order, const Task& first, const Task& second) {
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1] == first && order[i] == second) return true;
  return false;
}

}  // namespace

std::vector<Task> all_then_all(int stage, int stages, int micro_batches) {
  check(stage, stages, micro_batches);
  std::vector<Task> order;
  for (int m = 0; m < micro_batches; ++m) order.push_back({forward, m});
  for (int m = 0; m < micro_batches; ++m) order.push_back({backward, m});
  return order;
}

// [1f1b]
std::vector<Task> one_forward_one_backward(int stage, int stages, int micro_batches) {
  check(stage, stages, micro_batches);
  const int ahead = std::min(stages - stage - 1, micro_batches);  // forward before the first backward
  std::vector<Task> order;
  for (int m = 0; m < ahead; ++m) order.push_back({forward, m});
  for (int m = 0; m < micro_batches; ++m) {
    if (ahead + m < micro_batches) order.push_back({forward, ahead + m});
    order.push_back({backward, m});
  }
  return order;
}
// [/1f1b]

int most_held(const std::vector<Task>& order) {
  int held = 0, most = 0;
  for (const Task& task : order) {
    held += task.kind == forward ? 1 : -1;
    most = std::max(most, held);
  }
  return most;
}

// [messages]
std::vector<Instruction> with_messages(PipelineOrder schedule, int stage, int stages, int micro_batches) {
  using Kind = Instruction::Kind;
  const std::vector<Task> order = schedule(stage, stages, micro_batches);
  const bool has_previous = stage > 0, has_next = stage + 1 < stages;
  std::vector<Task> of_previous, of_next;
  if (has_previous) of_previous = schedule(stage - 1, stages, micro_batches);
  if (has_next) of_next = schedule(stage + 1, stages, micro_batches);

  std::vector<Instruction> result;
  bool swapped = false;  // what the next task needs has come already
  for (size_t i = 0; i < order.size(); ++i) {
    const auto [kind, m] = order[i];
    if (kind == forward) {
      if (has_previous && !swapped) result.push_back({Kind::receive_output, m});
      result.push_back({Kind::forward, m});
    } else {
      if (has_next && !swapped) result.push_back({Kind::receive_gradient, m});
      result.push_back({Kind::backward, m});
    }
    swapped = false;
    // Forward, then backward, where the next stage does the same two backward, then forward: a swap.
    const bool turns = i + 1 < order.size() && order[i + 1].kind != kind;
    const std::vector<Task>& theirs = kind == forward ? of_next : of_previous;
    swapped = turns && neighbours(theirs, order[i + 1], order[i]);
    const int other = swapped ? order[i + 1].micro_batch : -1;
    if (kind == forward && has_next)
      result.push_back({swapped ? Kind::swap_with_next : Kind::send_output, m, other});
    if (kind == backward && has_previous)
      result.push_back({swapped ? Kind::swap_with_previous : Kind::send_gradient, m, other});
  }
  return result;
}
// [/messages]

// [timing]
GanttPanel timing_of(PipelineOrder schedule, int stages, int micro_batches, double forward_time,
                     double backward_time) {
  const auto P = static_cast<size_t>(stages), M = static_cast<size_t>(micro_batches);
  constexpr double never = -1;
  std::vector<std::vector<double>> forward_end(P, std::vector<double>(M, never)), backward_end = forward_end;
  std::vector<std::vector<Task>> orders;
  for (int s = 0; s < stages; ++s) orders.push_back(schedule(s, stages, micro_batches));
  std::vector<size_t> next(P, 0);
  std::vector<double> free(P, 0);
  GanttPanel panel;
  for (int s = 0; s < stages; ++s) panel.lanes.push_back({fmt::format("stage {}", s), {}});

  for (bool progress = true; progress;) {
    progress = false;
    for (size_t s = 0; s < P; ++s)
      while (next[s] < orders[s].size()) {
        const auto [kind, micro_batch] = orders[s][next[s]];
        const auto m = static_cast<size_t>(micro_batch);
        double input = 0;  // when it comes
        if (kind == forward && s > 0) input = forward_end[s - 1][m];
        if (kind == backward) input = s + 1 < P ? backward_end[s + 1][m] : forward_end[s][m];
        if (input == never) break;
        const double from = std::max(free[s], input);
        free[s] = from + (kind == forward ? forward_time : backward_time);
        (kind == forward ? forward_end : backward_end)[s][m] = free[s];
        const std::string label = std::to_string(micro_batch);
        panel.lanes[s].bars.push_back(
            {from, free[s], kind == forward ? 0 : 1, label,
             static_cast<char>(kind == forward ? '0' + micro_batch % 10 : 'a' + micro_batch % 26)});
        ++next[s];
        progress = true;
      }
  }
  for (size_t s = 0; s < P; ++s)
    GPT_CHECK(next[s] == orders[s].size(), "stage {} waits forever for the input of task {}", s, next[s]);
  return panel;
}
// [/timing]

double length_of(const GanttPanel& panel) {
  double end = 0;
  for (const GanttLane& lane : panel.lanes)
    for (const GanttBar& bar : lane.bars) end = std::max(end, bar.to);
  return end;
}

double idle_share(const GanttPanel& panel) {
  double busy = 0;
  for (const GanttLane& lane : panel.lanes)
    for (const GanttBar& bar : lane.bars) busy += bar.to - bar.from;
  return 1 - busy / (length_of(panel) * static_cast<double>(panel.lanes.size()));
}

double bubble(int stages, int micro_batches) {
  return static_cast<double>(stages - 1) / (micro_batches + stages - 1);
}

}  // namespace gpt
