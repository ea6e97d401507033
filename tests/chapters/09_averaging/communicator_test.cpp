// The communicators of this chapter: threads, and a group of one.

#include <gtest/gtest.h>

#include <atomic>

#include "09_averaging/communicator.hpp"
#include "09_averaging/reduce.hpp"
#include "tests/chapters/09_averaging/conformance.hpp"

namespace gpt {
namespace {

std::string name_of_check(const testing::TestParamInfo<ConformanceCheck>& info) {
  return info.param.name;
}

class ThreadConformance : public testing::TestWithParam<ConformanceCheck> {};

TEST_P(ThreadConformance, HoldsFor1To5And8Ranks) {
  for (const int ranks : {1, 2, 3, 4, 5, 8}) {
    SCOPED_TRACE(fmt::format("{} ranks", ranks));
    run_threads(ranks, GetParam().run);
  }
}
INSTANTIATE_TEST_SUITE_P(Contract, ThreadConformance, testing::ValuesIn(conformance_checks()), name_of_check);

class SingleConformance : public testing::TestWithParam<ConformanceCheck> {};

TEST_P(SingleConformance, Holds) {
  GetParam().run(*make_single_communicator());
}
INSTANTIATE_TEST_SUITE_P(Contract, SingleConformance, testing::ValuesIn(conformance_checks()), name_of_check);

TEST(RunThreads, ABarrierWaitsForAllRanks) {
  std::atomic<int> arrivals = 0;
  run_threads(5, [&](Communicator& c) {
    for (int round = 1; round <= 200; ++round) {
      ++arrivals;
      c.barrier();
      EXPECT_EQ(arrivals, 5 * round);
      c.barrier();
    }
  });
}

/// The message of the Error that run_threads() throws.
std::string failure_of(int ranks, const std::function<void(Communicator&)>& body) {
  try {
    run_threads(ranks, body);
  } catch (const Error& error) {
    return error.what();
  }
  return "no failure";
}

TEST(RunThreads, TheExceptionOfOneRankWakesTheOthersAndIsThrown) {
  const std::vector<std::function<void(Communicator&)>> waits{
      [](Communicator& c) { c.barrier(); },
      [](Communicator& c) { c.all_reduce(1.0, ReduceOp::sum); },
      [](Communicator& c) { c.receive(Tensor::zeros({3}), 1); },
      [](Communicator& c) { c.all_reduce_async(Tensor::zeros({3}), ReduceOp::sum)->wait(); },
      [](Communicator& c) { c.split(0, 0)->barrier(); },
  };
  for (const auto& wait : waits)
    for (int repetition = 0; repetition < 20; ++repetition)
      EXPECT_EQ(failure_of(4,
                           [&](Communicator& c) {
                             if (c.rank() == 1) throw Error("disk full");
                             wait(c);
                           }),
                "disk full");
}

TEST(RunThreads, AnExceptionInASubgroupOrBesideWorkInProgressWakesTheOthers) {
  for (int repetition = 0; repetition < 20; ++repetition) {
    EXPECT_EQ(failure_of(4,
                         [](Communicator& c) {
                           const auto pair = c.split(c.rank() / 2, 0);
                           if (c.rank() == 3) throw Error("no memory");
                           pair->barrier();
                           c.barrier();
                         }),
              "no memory");
    EXPECT_EQ(failure_of(3,
                         [](Communicator& c) {
                           const auto group = c.split(0, 0);
                           if (c.rank() == 2) {  // ahead of the others, who never start the second operation
                             const auto work = group->all_reduce_async(Tensor::zeros({9}), ReduceOp::sum);
                             const auto ahead = group->all_reduce_async(Tensor::zeros({9}), ReduceOp::sum);
                             throw Error("bad loss");
                           }
                           group->all_reduce_async(Tensor::zeros({9}), ReduceOp::sum)->wait();
                           c.barrier();
                         }),
              "bad loss");
  }
}

TEST(RunThreads, ARankThatLeavesEarlyIsNamed) {
  EXPECT_EQ(failure_of(3,
                       [](Communicator& c) {
                         if (c.rank() != 1) c.barrier();
                       }),
            "rank 1 has left while others wait for it");
  EXPECT_EQ(failure_of(2,
                       [](Communicator& c) {
                         if (c.rank() == 0) c.receive(Tensor::zeros({1}), 1);
                       }),
            "rank 1 has left without a message for rank 0");
}

TEST(RunThreads, CollectivesThatDoNotFitTogetherAreNamedOnAllRanks) {
  std::atomic<int> errors = 0;
  run_threads(3, [&](Communicator& c) {
    const auto expect_error = [&](const std::function<void()>& call, const char* text) {
      try {
        call();
      } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
        ++errors;
      }
    };
    expect_error([&] { c.all_reduce(Tensor::zeros({c.rank() == 2 ? 5 : 4}), ReduceOp::sum); },
                 "rank 0 called all_reduce (sum, root 0) of 4 elements of f32, but rank 2 called all_reduce "
                 "(sum, root 0) of 5 elements of f32");
    expect_error([&] { c.rank() == 1 ? c.barrier() : c.broadcast(Tensor::zeros({4}), 0); },
                 "but rank 1 called barrier");
    c.barrier();  // and the group still works
  });
  EXPECT_EQ(errors, 6);
}

TEST(Reduce, AddsBf16InF32AndRoundsOnce) {
  // 256 + 1 is 256 in bf16, which has 8 bits of fraction; 256 + 1 + 1 + 1 + 1 is 260.
  std::vector<Tensor> inputs{Tensor::full({2}, 256, DType::bf16)};
  for (int i = 0; i < 4; ++i) inputs.push_back(Tensor::full({2}, 1, DType::bf16));
  reduce(inputs, ReduceOp::sum, inputs);
  for (const Tensor& t : inputs) EXPECT_EQ(static_cast<float>(t.at<bf16>({1})), 260);
}

TEST(Reduce, AveragesI32WithoutOverflow) {
  const std::vector<Tensor> inputs{Tensor::full({1}, 2e9, DType::i32), Tensor::full({1}, 1e9, DType::i32)};
  reduce(inputs, ReduceOp::average, inputs);
  EXPECT_EQ(inputs[0].at<int32_t>({0}), 1500000000);
}

}  // namespace
}  // namespace gpt
