#include "exercises/08_gpu_training/loss_scaling.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(LossScaler, SkipsAStepThatOverflowed) {
  LossScaler scaler(1024);
  EXPECT_TRUE(scaler.update(true));
  EXPECT_EQ(scaler.scale(), 1024) << "a good step changes nothing yet";
  EXPECT_FALSE(scaler.update(false)) << "infinite gradients must not reach the optimizer";
  EXPECT_EQ(scaler.scale(), 512);
  EXPECT_FALSE(scaler.update(false));
  EXPECT_EQ(scaler.scale(), 256);
}

TEST(LossScaler, DoublesAfterGoodStepsInARow) {
  LossScaler scaler(1024, 3);
  for (int step = 0; step < 2; ++step) scaler.update(true);
  EXPECT_EQ(scaler.scale(), 1024);
  scaler.update(true);
  EXPECT_EQ(scaler.scale(), 2048) << "three good steps in a row";
  scaler.update(true);
  EXPECT_EQ(scaler.scale(), 2048) << "after doubling the count begins anew: one more good step is not three";
}

TEST(LossScaler, CountsAnewAfterABadStep) {
  LossScaler scaler(1024, 3);
  for (const bool finite : {true, true, false, true, true}) scaler.update(finite);
  EXPECT_EQ(scaler.scale(), 512) << "good steps before and after a bad one are not in a row";
  scaler.update(true);
  EXPECT_EQ(scaler.scale(), 1024);
}

TEST(LossScaler, StaysInItsBounds) {
  LossScaler down(2);
  for (int step = 0; step < 5; ++step) down.update(false);
  EXPECT_EQ(down.scale(), 1) << "below 1 it would make gradients smaller than they are";
  LossScaler up(16777216, 1);
  up.update(true);
  EXPECT_EQ(up.scale(), 16777216) << "2^24 is the most";
}

}  // namespace
}  // namespace gpt
