// Sums in a fixed binary tree: the same bits whoever adds.

#include "11_ddp/tree.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "01_tensors/philox.hpp"
#include "11_ddp/reducer.hpp"

namespace gpt {
namespace {

/// The leaves' tensors: random numbers of very different size, so that the order of additions shows.
Tensor leaf(int64_t number, int64_t length, DType type = DType::f32) {
  const RandomStream random(3, RandomUse::example, static_cast<uint64_t>(number));
  const Tensor tensor({length}, type);
  for (int64_t i = 0; i < length; ++i) {
    const double x = random.normal(static_cast<uint64_t>(i)) * std::pow(10.0, (number * 7 + i) % 5);
    if (type == DType::f32)
      tensor.data<float>()[i] = static_cast<float>(x);
    else
      tensor.data<double>()[i] = x;
  }
  return tensor;
}

/// By recursion, as the tree is defined: leaves first … first+count-1, for one element.
template <class T>
T by_definition(int64_t first, int64_t count, int64_t element, const std::vector<Tensor>& leaves) {
  if (count == 1) return leaves[static_cast<size_t>(first)].data<T>()[element];
  return by_definition<T>(first, count / 2, element, leaves) +
         by_definition<T>(first + count / 2, count / 2, element, leaves);
}

template <class T>
Tensor sum_by_definition(int64_t count, int64_t length, DType type) {
  std::vector<Tensor> leaves;
  for (int64_t n = 0; n < count; ++n) leaves.push_back(leaf(n, length, type));
  const Tensor sum({length}, type);
  for (int64_t i = 0; i < length; ++i) sum.data<T>()[i] = by_definition<T>(0, count, i, leaves);
  return sum;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.bytes() == b.bytes() &&
         (a.bytes() == 0 || std::memcmp(a.bytes_data(), b.bytes_data(), static_cast<size_t>(a.bytes())) == 0);
}

TEST(Tree, SumsNumbersNeighboursFirst) {
  EXPECT_EQ(tree_sum({}), 0.0);
  EXPECT_EQ(tree_sum(std::vector{5.0}), 5.0);
  const double a = 0.1, b = 1e16, c = -1e16, d = 0.3, e = 7e15;
  EXPECT_EQ(tree_sum(std::vector{a, b, c}), (a + b) + c);
  EXPECT_EQ(tree_sum(std::vector{a, b, c, d}), (a + b) + (c + d));
  EXPECT_EQ(tree_sum(std::vector{a, b, c, d, e}), ((a + b) + (c + d)) + e);
  EXPECT_NE(tree_sum(std::vector{a, b, c, d}), ((a + b) + c) + d);  // else these numbers show nothing
}

TEST(Tree, ARanksOwnSumIsTheTreesWhetherCompletedAtOnceOrInSlices) {
  constexpr int64_t length = 1001;
  for (const int64_t leaves : {1, 2, 4, 8, 32}) {
    const Tensor buffer = Tensor::zeros({length});
    TreeSum sum(buffer, leaves);
    for (const int64_t slice : {length, int64_t{100}}) {  // the second time after restart()
      for (int64_t n = 0; n < leaves; ++n) {
        for (const float x : buffer.span<float>()) ASSERT_TRUE(n == 0 || x == 0.0f);
        buffer.copy_from(leaf(n, length));
        if (n < leaves - 1) sum.take();
      }
      for (int64_t from = 0; from < length; from += slice) sum.complete(from, std::min(from + slice, length));
      sum.restart();
      EXPECT_TRUE(same_bits(buffer, sum_by_definition<float>(leaves, length, DType::f32)))
          << leaves << " leaves";
    }
  }
}

TEST(Tree, LeavesAreCounted) {
  EXPECT_THROW(TreeSum(Tensor::zeros({3}), 3), Error);
  EXPECT_THROW(TreeSum(Tensor::zeros({3}), 0), Error);
  TreeSum sum(Tensor::zeros({3}), 2);
  EXPECT_THROW(sum.complete(0, 3), Error);
  sum.take();
  EXPECT_THROW(sum.take(), Error);
}

TEST(Tree, TheRanksSumIsTheTreesForAnyLength) {
  for (const int ranks : {1, 2, 4, 8, 16})
    for (const int64_t length : {0, 1, 3, 7, 1000, 70001}) {
      const Tensor expected = sum_by_definition<float>(ranks, length, DType::f32);
      const Tensor expected_in_double = sum_by_definition<double>(ranks, length, DType::f64);
      run_threads(ranks, [&](Communicator& communicator) {
        const Tensor mine = leaf(communicator.rank(), length);
        tree_all_reduce(communicator, mine);
        EXPECT_TRUE(same_bits(mine, expected)) << ranks << " ranks, " << length << " elements";
        const Tensor in_double = leaf(communicator.rank(), length, DType::f64);
        tree_all_reduce(communicator, in_double);
        EXPECT_TRUE(same_bits(in_double, expected_in_double));
      });
    }
}

TEST(Tree, TakesAPowerOfTwo) {
  run_threads(3, [](Communicator& communicator) {
    EXPECT_THROW(tree_all_reduce(communicator, Tensor::zeros({5})), Error);
    EXPECT_THROW(TreeReducer{communicator}, Error);
  });
}

TEST(Tree, TheReducerWorksInTheBackgroundAndInOrder) {
  run_threads(4, [](Communicator& communicator) {
    TreeReducer reducer(communicator);
    constexpr int buckets = 10;
    std::vector<Tensor> tensors;
    std::vector<std::unique_ptr<Work>> works;
    for (int b = 0; b < buckets; ++b) {
      tensors.push_back(leaf(communicator.rank(), 100 + b));
      works.push_back(reducer.start(static_cast<size_t>(b), tensors.back()));
      EXPECT_EQ(communicator.all_reduce(1.0, ReduceOp::sum), 4.0);  // the foreground goes its own way
    }
    for (const auto& work : works) work->wait();
    for (int b = 0; b < buckets; ++b)
      EXPECT_TRUE(
          same_bits(tensors[static_cast<size_t>(b)], sum_by_definition<float>(4, 100 + b, DType::f32)));
  });
}

}  // namespace
}  // namespace gpt
