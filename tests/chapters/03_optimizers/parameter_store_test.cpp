#include "03_optimizers/parameter_store.hpp"

#include <gtest/gtest.h>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/operations.hpp"
#include "03_optimizers/initialisation.hpp"

namespace gpt {
namespace {

void declare_small_net(ParameterStore& store) {
  store.declare("embedding", {7, 3}, initial::normal(1.0));
  store.declare("bias", {5}, initial::constant(0.25));
  store.declare("head", {5, 3}, initial::normal(1.0));
}

TEST(ParameterStore, LaysParametersOutInReverseOrderOfUse) {
  ParameterStore store;
  declare_small_net(store);
  store.allocate(1);
  ASSERT_EQ(store.parameters().size(), 3u);
  EXPECT_EQ(store.parameters()[0].name, "head");
  EXPECT_EQ(store.parameters()[1].name, "bias");
  EXPECT_EQ(store.parameters()[2].name, "embedding");
  EXPECT_EQ(store.parameters()[0].offset, 0);
}

TEST(ParameterStore, AlignsEveryParameterAndOverlapsNone) {
  ParameterStore store;
  declare_small_net(store);
  store.allocate(1);
  int64_t end = 0;
  for (const Parameter& p : store.parameters()) {
    EXPECT_EQ(p.offset % 16, 0) << p.name;
    EXPECT_GE(p.offset, end) << p.name;
    EXPECT_LT(p.offset - end, 16) << p.name;
    end = p.offset + p.elements;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(p.variable.value().bytes_data()) % 64, 0u) << p.name;
  }
  EXPECT_LE(end, store.size());
  EXPECT_EQ(store.parameter_count(), 21 + 5 + 15);
}

TEST(ParameterStore, DecaysMatricesAndNotVectors) {
  ParameterStore store;
  declare_small_net(store);
  store.allocate(1);
  EXPECT_TRUE(store.parameter("embedding").decay);
  EXPECT_TRUE(store.parameter("head").decay);
  EXPECT_FALSE(store.parameter("bias").decay);
}

TEST(ParameterStore, VariablesAreViewsIntoTheBuffers) {
  ParameterStore store;
  declare_small_net(store);
  store.allocate(1);
  const Parameter& bias = store.parameter("bias");
  store.values().fill(2.0);
  EXPECT_EQ(bias.variable.value().data<float>()[4], 2.0f);
  sum(bias.variable * bias.variable).backward();
  for (int64_t i = 0; i < bias.elements; ++i)
    EXPECT_EQ(store.gradients().data<float>()[bias.offset + i], 4.0f);  // d(x²)/dx = 2x
  EXPECT_EQ(sum(store.gradients()).item(), 20.0);                       // and nothing anywhere else
}

TEST(ParameterStore, GradientsAddUpUntilTheyAreZeroed) {
  ParameterStore store;
  declare_small_net(store);
  store.allocate(1);
  const Variable& bias = store.variable("bias");
  for (int pass = 0; pass < 2; ++pass) sum(bias).backward();
  EXPECT_EQ(store.gradient(store.parameter("bias")).data<float>()[0], 2.0f);
  store.zero_gradients();
  sum(bias).backward();
  EXPECT_EQ(bias.gradient().data<float>()[0], 1.0f);
}

TEST(ParameterStore, PaddingIsZero) {
  ParameterStore store;
  declare_small_net(store);
  store.allocate(1);
  double outside = 0.0;
  int64_t end = 0;
  const std::span<const float> values = store.values().span<float>();
  for (const Parameter& p : store.parameters()) {
    for (; end < p.offset; ++end) outside += std::abs(values[static_cast<size_t>(end)]);
    end = p.offset + p.elements;
  }
  for (; end < store.size(); ++end) outside += std::abs(values[static_cast<size_t>(end)]);
  EXPECT_EQ(outside, 0.0);
}

TEST(ParameterStore, KeepsARoundedCopyOfTheMatricesInBf16) {
  ParameterStore store;
  declare_small_net(store);
  store.allocate(1, DType::bf16);
  EXPECT_EQ(store.variable("head").dtype(), DType::bf16);
  EXPECT_EQ(store.variable("bias").dtype(), DType::f32);
  const Parameter& head = store.parameter("head");
  EXPECT_EQ(max_difference(head.variable.value(), store.value(head).to(DType::bf16)), 0.0);
  store.value(head).fill(1.0 / 3.0);
  store.refresh_compute_copy();
  EXPECT_EQ(head.variable.value().at<bf16>({0, 0}).bits, bf16(1.0f / 3.0f).bits);
  EXPECT_EQ(store.gradient(head).dtype(), DType::f32);
}

TEST(ParameterStore, RefusesNamesTwiceAndUnknownOnes) {
  ParameterStore store;
  declare_small_net(store);
  EXPECT_THROW(store.declare("bias", {1}, initial::zeros()), Error);
  store.allocate(1);
  EXPECT_THROW(store.declare("late", {1}, initial::zeros()), Error);
  EXPECT_THROW(store.allocate(1), Error);
  EXPECT_THROW(store.parameter("nothing"), Error);
  EXPECT_FALSE(store.contains("nothing"));
  EXPECT_TRUE(store.contains("head"));
}

}  // namespace
}  // namespace gpt
