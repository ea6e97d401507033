#include "exercises/11_ddp/bf16_reducer.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <vector>

namespace gpt {
namespace {

TEST(Bf16Reducer, SumsInPlace) {
  run_threads(3, [](Communicator& communicator) {
    const auto reducer = make_bf16_reducer(communicator);
    const Tensor gradients = Tensor::full({5}, 1.0 + communicator.rank());
    reducer->start(0, gradients)->wait();
    ASSERT_EQ(gradients.dtype(), DType::f32);
    for (const float value : gradients.span<float>())
      EXPECT_EQ(value, 6.0f) << "1 + 2 + 3 on rank " << communicator.rank()
                             << ": were the sums written back, into the tensor "
                             << "that start() was given?";
  });
}

TEST(Bf16Reducer, RoundsToBf16) {
  run_threads(1, [](Communicator& communicator) {
    const Tensor gradients = Tensor::full({1}, 1.001);
    make_bf16_reducer(communicator)->start(0, gradients)->wait();
    EXPECT_EQ(gradients.data<float>()[0], 1.0f)
        << "bf16 has 8 bits for a number: 1.001 is 1. Is a bf16 copy sent?";
  });
}

TEST(Bf16Reducer, KeepsSeveralBucketsInFlight) {
  run_threads(2, [](Communicator& communicator) {
    const auto reducer = make_bf16_reducer(communicator);
    const Tensor all = Tensor::arange({3000});
    std::vector<std::unique_ptr<Work>> works;
    for (int64_t b = 0; b < 3; ++b)
      works.push_back(reducer->start(static_cast<size_t>(b), all.slice(0, 1000 * b, 1000 * b + 1000)));
    for (const auto& work : works) work->wait();
    for (const int64_t i : {0, 5, 200, 255})
      EXPECT_EQ(all.data<float>()[i], 2.0f * static_cast<float>(i))
          << "element " << i << ": has another bucket taken its place?";
    EXPECT_EQ(all.data<float>()[2048], 4096.0f)
        << "element 2048, in the third bucket: has another bucket taken its place?";
  });
}

// The other rank never calls start(), and so the wait for its sums ends in an error: but it must not be
// start() that waits.
TEST(Bf16Reducer, StartsWithoutTheOthers) {
  bool started = false;
  try {
    run_threads(2, [&](Communicator& communicator) {
      if (communicator.rank() == 1) return;
      const Tensor gradients = Tensor::full({4}, 1.0);
      const auto work = make_bf16_reducer(communicator)->start(0, gradients);
      started = true;
      work->wait();
    });
  } catch (const std::exception&) {
  }
  EXPECT_TRUE(started)
      << "start() waits for the other rank, and the backward pass stands still meanwhile: begin "
         "with all_reduce_async(), and wait in wait()";
}

TEST(Bf16Reducer, MayBeWaitedForTwice) {
  run_threads(2, [](Communicator& communicator) {
    const Tensor gradients = Tensor::full({4}, 1.0);
    const auto work = make_bf16_reducer(communicator)->start(0, gradients);
    work->wait();
    gradients.fill(7.0);  // the optimizer's work
    work->wait();
    EXPECT_EQ(gradients.data<float>()[0], 7.0f) << "the second wait() has written the sums a second time";
  });
}

}  // namespace
}  // namespace gpt
