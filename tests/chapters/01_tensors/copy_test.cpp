// Making, copying, converting and printing tensors.

#include <gtest/gtest.h>

#include <limits>

#include "01_tensors/tensor.hpp"
#include "oracle.hpp"

namespace gpt {
namespace {

using oracle::all_indices;
using oracle::element;
using oracle::Index;

constexpr DType all_types[] = {DType::f32, DType::bf16, DType::f64, DType::i32};

TEST(Tensor, CloneAndContiguousAndToKeepEveryElement) {
  oracle::Dice dice(1);
  for (int trial = 0; trial < 300; ++trial) {
    const Tensor x = dice.view();
    std::vector<Tensor> copies{x.clone(), x.contiguous()};
    for (const DType dtype : all_types) copies.push_back(x.to(dtype));
    for (const Tensor& y : copies) {
      ASSERT_EQ(y.shape(), x.shape());
      for (const Index& index : all_indices(x.shape()))
        ASSERT_EQ(element(y, index), element(x, index));  // at most 256: exact in bf16 too
    }
    EXPECT_TRUE(copies[0].is_contiguous() && copies[1].is_contiguous());
    EXPECT_NE(copies[0].storage(), x.storage());
    EXPECT_EQ(copies[1].storage() == x.storage(), x.is_contiguous());
  }
}

TEST(Tensor, CopyFromWritesThroughAnyStrides) {
  oracle::Dice dice(2);
  for (int trial = 0; trial < 300; ++trial) {
    const Tensor source = dice.view(3, 4).to(all_types[dice.roll(0, 3)]);
    if (source.rank() == 0) continue;
    const int d = static_cast<int>(dice.roll(0, source.rank() - 1));
    Shape wider = source.transpose(0, d).shape();
    wider[-1] += 2;
    const Tensor all = Tensor::full(wider, -1, all_types[dice.roll(0, 3)]);
    const Tensor target = all.slice(-1, 1, wider[-1] - 1).transpose(0, d);
    target.copy_from(source);
    for (const Index& index : all_indices(source.shape()))
      ASSERT_EQ(element(target, index), element(source, index));
    for (const int64_t edge : {int64_t{0}, wider[-1] - 1})
      for (const Index& index : all_indices(all.select(-1, edge).shape()))
        ASSERT_EQ(element(all.select(-1, edge), index), -1) << "an element outside the view was overwritten";
  }
}

TEST(Tensor, CopyFromAnotherViewOfTheSameStorageReadsBeforeItWrites) {
  const Tensor square = Tensor::arange({5, 5}), before = square.clone();
  square.copy_from(square.transpose(0, 1));
  for (const Index& i : all_indices({5, 5})) EXPECT_EQ(element(square, i), element(before, {i[1], i[0]}));

  const Tensor line = Tensor::arange({6});
  line.slice(0, 1, 6).copy_from(line.slice(0, 0, 5));
  EXPECT_EQ(to_string(line), "[0, 0, 1, 2, 3, 4]");

  const Tensor grid = Tensor::arange({3, 4});
  grid.slice(1, 1, 4).copy_from(grid.slice(1, 0, 3));
  EXPECT_EQ(to_string(grid), "[[0, 0, 1, 2], [4, 4, 5, 6], [8, 8, 9, 10]]");
}

TEST(Tensor, WholeNumbersAreCutTowardsZero) {
  const Tensor x = Tensor::from<float>({1.9f, -1.9f, 0.5f}, {3});
  EXPECT_EQ(to_string(x.to(DType::i32)), "[1, -1, 0]");
}

TEST(Tensor, ZeroElementsAndNoDimensionsAreOrdinary) {
  for (const DType dtype : all_types) {
    const Tensor nothing({0, 3}, dtype);
    EXPECT_EQ(nothing.bytes(), 0);
    EXPECT_TRUE(nothing.is_contiguous());
    EXPECT_TRUE(nothing.transpose(0, 1).is_contiguous());
    EXPECT_EQ(nothing.transpose(0, 1).clone().shape(), (Shape{3, 0}));
    nothing.fill(1).copy_from(Tensor({0, 3}));
    EXPECT_EQ(to_string(nothing), "[]");
    EXPECT_EQ(Tensor::scalar(-4, dtype).item(), -4);
    EXPECT_EQ(Tensor::arange({}, dtype).item(), 0);
  }
  EXPECT_THROW(Tensor({2, -1}), Error);
  EXPECT_THROW(Tensor({2}).item(), Error);
}

TEST(Tensor, SaysWhatIsWrong) {
  const Tensor x = Tensor::arange({2, 3});
  EXPECT_NE(oracle::error_of([&] { x.data<double>(); }).find("a tensor of f32 read as f64"),
            std::string::npos);
  EXPECT_NE(oracle::error_of([&] {
              x.at<float>({1, 3});
            }).find("index 3 of dimension 1 of shape (2, 3)"),
            std::string::npos);
  EXPECT_NE(oracle::error_of([] {
              Tensor::from<float>({1, 2, 3}, {2, 2});
            }).find("3 values for shape (2, 2)"),
            std::string::npos);
  const Tensor undefined;
  EXPECT_FALSE(undefined.defined());
  EXPECT_THROW(undefined.data<float>(), Error);
  EXPECT_THROW(undefined.bytes_data(), Error);
  EXPECT_THROW(undefined.device(), Error);
  EXPECT_THROW(undefined.clone(), Error);
  EXPECT_THROW(x.copy_from(Tensor({3, 2})), Error);
}

TEST(Tensor, PrintsNestedBracketsAndLeavesOutTheMiddleOfLongOnes) {
  EXPECT_EQ(to_string(Tensor::scalar(0.125)), "0.125");
  EXPECT_EQ(to_string(Tensor::arange({8})), "[0, 1, 2, 3, 4, 5, 6, 7]");
  EXPECT_EQ(to_string(Tensor::arange({9})), "[0, 1, 2, …, 6, 7, 8]");
  EXPECT_EQ(to_string(Tensor::arange({100, 2})),
            "[[0, 1], [2, 3], [4, 5], …, [194, 195], [196, 197], [198, 199]]");
}

}  // namespace
}  // namespace gpt
