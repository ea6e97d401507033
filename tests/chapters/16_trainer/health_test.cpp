// When a number goes bad: the first tensor in order of the forward pass is named.
#include "16_trainer/health.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace gpt {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Health : public testing::Test {
 protected:
  const std::unique_ptr<Backend> backend_ = make_reference_backend(DType::f32);
  const Gpt model_{{.layers = 2, .heads = 1, .width = 4, .context = 3, .vocabulary = 5}, *backend_, 1};
  const ParameterStore& store_ = model_.parameters();

  void spoil(const Tensor& buffer, const char* name, int64_t element, float value) {
    buffer.span<float>()[static_cast<size_t>(store_.parameter(name).offset + element)] = value;
  }
};

TEST_F(Health, AllIsWellAtTheBeginning) {
  EXPECT_FALSE(first_bad_number(store_, store_.values()).has_value());
  EXPECT_FALSE(first_bad_number(store_, store_.gradients()).has_value());
}

TEST_F(Health, TheFirstInTheForwardPassIsNamed) {
  spoil(store_.gradients(), "ln_f.weight", 0, NAN);
  spoil(store_.gradients(), "h.1.mlp.c_fc.bias", 3, std::numeric_limits<float>::infinity());
  const auto bad = first_bad_number(store_, store_.gradients());
  ASSERT_TRUE(bad.has_value());
  EXPECT_EQ(bad->parameter, "h.1.mlp.c_fc.bias");
  EXPECT_EQ(bad->element, 3);
}

TEST_F(Health, AValueIsToBlameBeforeTheLossAndTheLossBeforeAGradient) {
  spoil(store_.gradients(), "wpe.weight", 2, NAN);
  EXPECT_THAT(describe_bad_step(store_, 1.0),
              AllOf(HasSubstr("gradient of wpe.weight"), HasSubstr("element 2")));
  spoil(store_.values(), "h.0.ln_1.bias", 1, -1e30f);
  EXPECT_THAT(describe_bad_step(store_, NAN),
              AllOf(HasSubstr("the loss"), HasSubstr("1e+30 in h.0.ln_1.bias")));
  spoil(store_.values(), "h.1.ln_2.weight", 0, NAN);
  EXPECT_THAT(describe_bad_step(store_, NAN), HasSubstr("value of h.1.ln_2.weight"));
}

}  // namespace
}  // namespace gpt
