#include "exercises/15_sharding/split_layers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "01_tensors/elementwise.hpp"
#include "01_tensors/matmul.hpp"
#include "01_tensors/philox.hpp"
#include "tests/exercises/printing.hpp"

namespace gpt {
namespace {

constexpr int64_t n = 3, inputs = 8, outputs = 12;

Tensor random(const Shape& shape, uint64_t stream) {
  const Tensor x(shape, DType::f64);
  const RandomStream numbers(1, RandomUse::example, stream);
  for (int64_t i = 0; i < x.elements(); ++i) x.data<double>()[i] = numbers.normal(static_cast<uint64_t>(i));
  return x;
}

/// Rank r's part of dimension d.
Tensor part(const Tensor& whole, int d, const Communicator& group) {
  const int64_t size = whole.size(d) / group.size();
  return whole.slice(d, group.rank() * size, (group.rank() + 1) * size).clone();
}

void expect_near(const Tensor& a, const Tensor& b, const char* hint) {
  ASSERT_EQ(a.shape(), b.shape());
  EXPECT_LT(max_difference(a, b), 1e-12) << hint;
}

class SplitLayers : public testing::Test {
 protected:
  /// The same with 1, 2 and 4 ranks.
  static void on_ranks(const std::function<void(Communicator&)>& body) {
    for (const int ranks : {1, 2, 4}) {
      SCOPED_TRACE(fmt::format("{} ranks", ranks));
      run_threads(ranks, body);
    }
  }
  const Tensor x = random({n, inputs}, 1), weight = random({outputs, inputs}, 2),
               dy = random({n, outputs}, 3);
  const Tensor y = matmul(x, weight.transpose(0, 1)), dx = matmul(dy, weight),
               d_weight = matmul(dy.transpose(0, 1), x);
};

TEST_F(SplitLayers, OutputsSharedOut) {
  on_ranks([&](Communicator& group) {
    const Tensor own = part(weight, 0, group), own_dy = part(dy, 1, group);
    expect_near(column_forward(group, x, own), part(y, 1, group), "y: this rank's outputs of the layer");
    const LayerGradients gradients = column_backward(group, own_dy, x, own);
    expect_near(gradients.x, dx,
                "dx: each rank's outputs know a part of the gradient of x. Was it summed over the ranks?");
    expect_near(gradients.weight, part(d_weight, 0, group),
                "d_weight: each rank's weights are its own, and so is their gradient");
  });
}

TEST_F(SplitLayers, InputsSharedOut) {
  on_ranks([&](Communicator& group) {
    const Tensor own = part(weight, 1, group), own_x = part(x, 1, group);
    expect_near(row_forward(group, own_x, own), y, "y: the sum of the ranks' products, not their average");
    const LayerGradients gradients = row_backward(group, dy, own_x, own);
    expect_near(gradients.x, part(dx, 1, group),
                "dx: the gradient of this rank's inputs is nobody else's; there is nothing to sum");
    expect_near(gradients.weight, part(d_weight, 1, group), "d_weight: of this rank's weights");
  });
}

}  // namespace
}  // namespace gpt
