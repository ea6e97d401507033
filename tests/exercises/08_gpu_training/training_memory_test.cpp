#include "exercises/08_gpu_training/training_memory.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(TrainingMemory, CountsTheParametersOfGpt2) {
  EXPECT_EQ(parameter_count({}), 124439808)
      << "GPT-2 small; 163,037,184 counts the head a second time, which shares the token "
         "embedding, and leaves nothing else out";
  EXPECT_EQ(parameter_count({.layers = 24, .channels = 1024, .heads = 16}), 354823168) << "GPT-2 medium";
}

TEST(TrainingMemory, CountsWhatStays) {
  EXPECT_EQ(state_bytes({.bf16 = false}), 124439808LL * 16)
      << "values, gradients and two means of 4 bytes each";
  EXPECT_EQ(state_bytes({.bf16 = true}), 124439808LL * 18)
      << "in bf16 the f32 values stay, as master weights; the copy of 2 bytes "
         "comes on top";
}

TEST(TrainingMemory, CountsActivations) {
  const int64_t rows = 8 * 1024;
  EXPECT_EQ(activation_bytes({.bf16 = false}), rows * (12LL * 17 * 768 * 4 + 50257 * 4));
  EXPECT_EQ(activation_bytes({.bf16 = true}), rows * (12LL * 17 * 768 * 2 + 50257 * 4))
      << "the logits are f32 in bf16 training, too";
  EXPECT_EQ(activation_bytes({.batch = 16}), 2 * activation_bytes({.batch = 8}))
      << "twice the batch, twice the activations";
}

TEST(TrainingMemory, DoesNotOverflow) {
  EXPECT_GT(activation_bytes({.layers = 48, .channels = 1600, .heads = 25, .batch = 64, .bf16 = false}),
            300LL << 30);
}

}  // namespace
}  // namespace gpt
