#include "exercises/01_tensors/parallel_product.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/exercises/printing.hpp"

namespace gpt {
namespace {

Tensor numbers(const Shape& shape) {
  const Tensor x = Tensor::arange(shape);
  for (float& value : x.span<float>()) value = std::sin(value);
  return x;
}

TEST(ParallelProduct, OfASmallExample) {
  const Tensor a = Tensor::from<float>({1, 2, 3, 4}, {2, 2}), b = Tensor::from<float>({5, 6, 7, 8}, {2, 2});
  const Tensor c = parallel_product(a, b, 2);
  EXPECT_EQ((c.at<float>({0, 0})), 19);
  EXPECT_EQ((c.at<float>({0, 1})), 22);
  EXPECT_EQ((c.at<float>({1, 0})), 43);
  EXPECT_EQ((c.at<float>({1, 1})), 50);
}

TEST(ParallelProduct, HasTheSameBitsWithAnyNumberOfThreads) {
  const Tensor a = numbers({67, 300}), b = numbers({300, 41});
  const Tensor one = parallel_product(a, b, 1);
  for (int repetition = 0; repetition < 5; ++repetition)
    for (const int threads : {2, 3, 4}) {
      const Tensor many = parallel_product(a, b, threads);
      for (int64_t i = 0; i < one.elements(); ++i)
        ASSERT_EQ(many.data<float>()[i], one.data<float>()[i])
            << "element " << i << " with " << threads << " threads is not what one thread finds (they are "
            << std::abs(many.data<float>()[i] - one.data<float>()[i])
            << " apart): do two threads add to the same element, or is a sum cut into parts?";
    }
}

TEST(ParallelProduct, OfMoreThreadsThanRows) {
  const Tensor c = parallel_product(numbers({1, 7}), numbers({7, 3}), 4);
  EXPECT_EQ(c.shape(), Shape({1, 3}));
  double expected = 0;
  for (int k = 0; k < 7; ++k) expected += std::sin(k) * std::sin(k * 3.0);
  EXPECT_NEAR((c.at<float>({0, 0})), expected, 1e-5);
}

}  // namespace
}  // namespace gpt
