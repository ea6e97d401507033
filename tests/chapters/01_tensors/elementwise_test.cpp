#include "01_tensors/elementwise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "oracle.hpp"

namespace gpt {
namespace {

using oracle::all_indices;
using oracle::broadcast_index;
using oracle::element;
using oracle::Index;
using oracle::random_tensor;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// A shape that broadcasts together with `shape`: some sizes replaced by 1, some outer dimensions left out.
Shape partner(oracle::Dice& dice, const Shape& shape) {
  Shape result = shape;
  for (int d = 0; d < result.rank(); ++d)
    if (dice.roll(0, 2) == 0) result[d] = 1;
  while (result.rank() > 0 && dice.roll(0, 3) == 0) result = result.without(0);
  return result;
}

TEST(Elementwise, EveryPairOfAResultIsTheOneThatTheRuleNames) {
  oracle::Dice dice(1);
  for (int trial = 0; trial < 500; ++trial) {
    const Shape shape = dice.shape(4, 4);
    const Tensor a = random_tensor(partner(dice, shape), DType::f64, 1);
    const Tensor b = random_tensor(partner(dice, shape), DType::f64, 2);
    const Tensor difference = a - b, product = a * b, quotient = a / b, total = a + b;
    for (const Index& i : all_indices(difference.shape())) {
      const double x = element(a, broadcast_index(i, a.shape())),
                   y = element(b, broadcast_index(i, b.shape()));
      ASSERT_EQ(element(difference, i), x - y);
      ASSERT_EQ(element(product, i), x * y);
      ASSERT_EQ(element(quotient, i), x / y);
      ASSERT_EQ(element(total, i), x + y);
    }
  }
}

TEST(Elementwise, WorksOnAnyStrides) {
  oracle::Dice dice(2);
  for (int trial = 0; trial < 500; ++trial) {
    const Tensor x = dice.view();
    const Tensor squares = map(x, [](auto value) { return value * value; });
    EXPECT_TRUE(squares.is_contiguous());
    for (const Index& i : all_indices(x.shape()))
      ASSERT_EQ(element(squares, i), element(x, i) * element(x, i));
  }
}

TEST(Elementwise, RowsCoverEveryElementOnceAndInOrder) {
  oracle::Dice dice(3);
  for (int trial = 0; trial < 500; ++trial) {
    const Tensor x = dice.view(), count = Tensor::zeros(x.shape(), DType::i32);
    std::vector<float> visited;
    for_each_element(
        [&](int32_t& times, float value) {
          ++times;
          visited.push_back(value);
        },
        strided<int32_t>(count), strided<float>(x));
    std::vector<float> expected;
    for (const Index& i : all_indices(x.shape())) {
      expected.push_back(static_cast<float>(element(x, i)));
      ASSERT_EQ(element(count, i), 1);
    }
    ASSERT_EQ(visited, expected);
  }
}

TEST(Elementwise, AddToAddsInPlaceForEveryRealType) {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    const Tensor a = random_tensor({5, 7}, dtype, 1), b = random_tensor({7}, dtype, 2);
    const Tensor before = a.clone();
    const Tensor view = a.slice(1, 2, 6);
    add_to(view, b.slice(0, 2, 6), -0.5);
    for (const Index& i : all_indices(a.shape())) {
      const double x = element(before, i), y = element(b, {i[1]});
      const double expected = i[1] >= 2 && i[1] < 6 ? x - 0.5 * y : x;
      EXPECT_NEAR(element(a, i), expected, dtype == DType::bf16 ? 0.008 : 1e-7);
    }
    const Tensor twice = b.clone();
    add_to(twice, twice);
    EXPECT_EQ(max_difference(twice.to(DType::f64), b.to(DType::f64) * 2.0), 0);
  }
  EXPECT_THROW(add_to(Tensor({2}), Tensor({2, 2})), Error);
  EXPECT_THROW(add_to(Tensor({2}), Tensor({2}, DType::f64)), Error);
}

TEST(Reductions, SumAndMaxAlongEveryDimensionAgreeWithTheDefinition) {
  oracle::Dice dice(4);
  for (int trial = 0; trial < 300; ++trial) {
    const Tensor x = dice.view(4, 4);
    double all = 0;
    for (const Index& i : all_indices(x.shape())) all += element(x, i);
    ASSERT_EQ(sum(x).item(), all);
    for (int d = 0; d < x.rank(); ++d) {
      const Tensor total = sum(x, d), largest = max(x, d - x.rank());
      ASSERT_EQ(total.shape(), x.shape().without(d));
      for (const Index& outer : all_indices(total.shape())) {
        double expected_sum = 0, expected_max = -infinity;
        for (int64_t k = 0; k < x.size(d); ++k) {
          Index i = outer;
          i.insert(i.begin() + d, k);
          expected_sum += element(x, i);
          expected_max = std::max(expected_max, element(x, i));
        }
        ASSERT_EQ(element(total, outer), expected_sum);
        ASSERT_EQ(element(largest, outer), expected_max);
      }
    }
  }
}

TEST(Reductions, LongRowsAreSummedWholeWhateverTheirLength) {
  for (int64_t n = 1; n < 70; ++n) {
    const Tensor x = Tensor::arange({3, n}, DType::f64);
    EXPECT_EQ(sum(x).item(), static_cast<double>(3 * n * (3 * n - 1) / 2));
    EXPECT_EQ(max(x, 1).at<double>({2}), static_cast<double>(3 * n - 1));
  }
}

TEST(Reductions, AMillionTenthsOfTypeF32AreAHundredThousand) {
  const Tensor tenths = Tensor::full({1000, 1000}, 0.1);  // added one after the other in f32: 100,958
  EXPECT_NEAR(sum(tenths).item(), 1e5, 0.01);
  EXPECT_NEAR(sum(sum(tenths, 0), 0).item(), 1e5, 0.01);
}

TEST(Reductions, MaxReportsANaNWhereverItStands) {
  for (int64_t at = 0; at < 40; ++at) {
    const Tensor x = Tensor::arange({40});
    x.at<float>({at}) = static_cast<float>(nan);
    EXPECT_TRUE(std::isnan(max(x, 0).item())) << at;
  }
}

TEST(SumTo, IsTheAdjointOfExpand) {  // ⟨expand(x), y⟩ = ⟨x, sum_to(y)⟩ for all x and y
  oracle::Dice dice(5);
  for (int trial = 0; trial < 500; ++trial) {
    const Shape large = dice.shape(4, 4), small = partner(dice, large);
    const Tensor x = random_tensor(small, DType::f64, 1), y = random_tensor(large, DType::f64, 2);
    ASSERT_EQ(sum_to(y, small).shape(), small);
    ASSERT_NEAR(sum(x.expand(large) * y).item(), sum(x * sum_to(y, small)).item(), 1e-12)
        << to_string(small) << " in " << to_string(large);
  }
  EXPECT_THROW(sum_to(Tensor({2, 3}), {2}), Error);
  EXPECT_THROW(sum_to(Tensor({3}), {2, 3}), Error);
}

TEST(MaxDifference, FindsTheLargestAndNeverLosesANaN) {
  const auto of = [](std::vector<double> a, std::vector<double> b) {
    const Shape shape{static_cast<int64_t>(a.size())};
    return max_difference(Tensor::from(a, shape), Tensor::from(b, shape));
  };
  EXPECT_EQ(of({1, 5, 2}, {1, 2, 3}), 3);
  EXPECT_TRUE(std::isnan(of({nan, 5}, {1, 2})));
  EXPECT_TRUE(std::isnan(of({1, nan}, {1, 2})));
  EXPECT_TRUE(std::isnan(of({1, 2, 9}, {1, nan, 2})));
  EXPECT_EQ(of({infinity, -infinity}, {infinity, -infinity}), 0);
  EXPECT_EQ(of({infinity}, {-infinity}), infinity);
  EXPECT_EQ(of({}, {}), 0);
}

}  // namespace
}  // namespace gpt
