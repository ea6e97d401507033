#include "15_sharding/pipeline_schedule.hpp"

#include <gtest/gtest.h>

#include <map>

#include "common/check.hpp"

namespace gpt {
namespace {

using Kind = Instruction::Kind;
constexpr int most_stages = 8, most_micro_batches = 20;

template <class F>
void for_all_schedules(F&& f) {
  for (const PipelineOrder order : {one_forward_one_backward, all_then_all})
    for (int stages = 1; stages <= most_stages; ++stages)
      for (int micro_batches = 1; micro_batches <= most_micro_batches; ++micro_batches) {
        SCOPED_TRACE(fmt::format("{}, {} stages, {} micro-batches",
                                 order == all_then_all ? "all then all" : "1F1B", stages, micro_batches));
        f(order, stages, micro_batches);
      }
}

TEST(PipelineOrder, EachMicroBatchForwardThenBackward) {
  for_all_schedules([](PipelineOrder order, int stages, int micro_batches) {
    for (int stage = 0; stage < stages; ++stage) {
      const std::vector<Task> tasks = order(stage, stages, micro_batches);
      std::map<int, int> forwards, backwards;
      for (const auto& [kind, m] : tasks) {
        const bool in_order = kind == Task::Kind::forward || forwards[m] == 1;
        EXPECT_TRUE(in_order) << "backward before forward";
        ++(kind == Task::Kind::forward ? forwards : backwards)[m];
      }
      for (int m = 0; m < micro_batches; ++m) EXPECT_EQ(forwards[m] + backwards[m], 2);
      EXPECT_EQ(tasks.size(), 2 * static_cast<size_t>(micro_batches));
    }
  });
}

TEST(PipelineOrder, OneForwardOneBackwardHoldsFewActivations) {
  for (int stages = 1; stages <= most_stages; ++stages)
    for (int m = 1; m <= most_micro_batches; ++m)
      for (int stage = 0; stage < stages; ++stage) {
        EXPECT_EQ(most_held(one_forward_one_backward(stage, stages, m)), std::min(stages - stage, m));
        EXPECT_EQ(most_held(all_then_all(stage, stages, m)), m);
      }
}

TEST(PipelineOrder, IsIdleAsTheFormulaSays) {
  for_all_schedules([](PipelineOrder order, int stages, int micro_batches) {
    for (const double backward : {1.0, 2.0, 3.5})
      EXPECT_NEAR(idle_share(timing_of(order, stages, micro_batches, 1, backward)),
                  bubble(stages, micro_batches), 1e-12);
  });
}

/// The stages' instructions, run by hand where every send waits for its receiver: the strictest a network
/// can be. Checks too that what arrives is what was expected, and is there when it is computed with.
void expect_runs_with_sends_that_wait(const std::vector<std::vector<Instruction>>& stages) {
  const size_t P = stages.size();
  std::vector<size_t> at(P, 0);
  std::vector<std::map<int, int>> input(P), output(P), gradient_in(P), gradient_out(P);
  const auto current = [&](size_t s) { return at[s] < stages[s].size() ? &stages[s][at[s]] : nullptr; };
  for (bool progress = true; progress;) {
    progress = false;
    for (size_t s = 0; s < P; ++s) {
      const Instruction* mine = current(s);
      if (!mine) continue;
      const int m = mine->micro_batch;
      if (mine->kind == Kind::forward) {
        EXPECT_TRUE(s == 0 || input[s].contains(m)) << "forward " << m << " without its input";
        output[s][m] = 1, ++at[s], progress = true;
      } else if (mine->kind == Kind::backward) {
        EXPECT_TRUE(s + 1 == P || gradient_in[s].contains(m)) << "backward " << m << " without its gradient";
        gradient_out[s][m] = 1, ++at[s], progress = true;
      } else if (s + 1 < P && current(s + 1)) {  // a message between s and s+1, if both are at it
        const Instruction& theirs = *current(s + 1);
        const bool down = mine->kind == Kind::send_output && theirs.kind == Kind::receive_output;
        const bool up = mine->kind == Kind::receive_gradient && theirs.kind == Kind::send_gradient;
        const bool swap = mine->kind == Kind::swap_with_next && theirs.kind == Kind::swap_with_previous;
        if (!down && !up && !swap) continue;
        const int forward = m, backward = swap ? mine->other : m;
        if (down || swap) {
          EXPECT_EQ(swap ? theirs.other : theirs.micro_batch, forward);
          EXPECT_TRUE(output[s].contains(forward));
          input[s + 1][forward] = 1;
        }
        if (up || swap) {
          EXPECT_EQ(theirs.micro_batch, backward);
          EXPECT_TRUE(gradient_out[s + 1].contains(backward));
          gradient_in[s][backward] = 1;
        }
        ++at[s], ++at[s + 1], progress = true;
      }
    }
  }
  for (size_t s = 0; s < P; ++s)
    EXPECT_EQ(at[s], stages[s].size()) << "stage " << s << " waits forever: a deadlock";
}

TEST(PipelineMessages, NeverDeadlockEvenWhereSendsWait) {
  for_all_schedules([](PipelineOrder order, int stages, int micro_batches) {
    std::vector<std::vector<Instruction>> all;
    for (int s = 0; s < stages; ++s) all.push_back(with_messages(order, s, stages, micro_batches));
    expect_runs_with_sends_that_wait(all);
  });
}

TEST(PipelineOrder, AWrongOrderIsCaught) {
  const PipelineOrder backward_first = [](int, int, int) {
    return std::vector<Task>{{Task::Kind::backward, 0}, {Task::Kind::forward, 0}};
  };
  EXPECT_THROW(timing_of(backward_first, 2, 1), Error);
}

}  // namespace
}  // namespace gpt
