// Everything that goes wrong must end, and say on which rank and why. On the stand-in, with functions of NCCL
// replaced by others that fail.

#include <gmock/gmock.h>

#include <atomic>

#include "tests/chapters/12_nccl/nccl_ranks.hpp"

namespace gpt::emulated {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr double soon = 0.3;

TEST(NcclThreads, FourNumbersAndTheirAverage) {
  const auto ends = run_nccl_threads(4, [](NcclCommunicator& c, const std::shared_ptr<Allocator>& memory) {
    const Tensor number = Tensor::scalar((c.rank() + 1) / 10.0).on(memory);
    c.all_reduce(number, ReduceOp::average);
    EXPECT_FLOAT_EQ(static_cast<float>(number.host().item()), 0.25F);
  });
  EXPECT_THAT(ends, testing::Each(""));
}

TEST(NcclFailure, ARankThatDoesNotComeIsMissedInTime) {
  const auto ends = run_nccl_threads(
      3,
      [](NcclCommunicator& c, const std::shared_ptr<Allocator>&) {
        if (c.rank() == 1) return;
        c.all_reduce(Tensor::zeros({5}), ReduceOp::sum);
      },
      soon);
  // One of the two was first to give up, and told the other.
  EXPECT_THAT(ends,
              testing::Contains(AllOf(StartsWith("NCCL on rank"), HasSubstr("all_reduce of 5 f32 (sum): not "
                                                                            "done within 0.3 s"))));
  for (const int rank : {0, 2})
    EXPECT_THAT(ends[static_cast<size_t>(rank)], HasSubstr(fmt::format("NCCL on rank {} of 3", rank)));
}

TEST(NcclFailure, ARankThatNeverJoinsIsMissedToo) {
  const std::string id = new_nccl_id();
  const NcclPlace place{.id = id, .rank = 0, .size = 2, .deadline = soon};
  try {
    gpt::make_nccl_communicator(place, make_device_memory(0));
    ADD_FAILURE() << "a group of two with one rank";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("NCCL on rank 0 of 2: joining the other ranks: not done within"));
  }
}

TEST(NcclFailure, CallsInAnotherOrderEndInsteadOfHanging) {
  const auto ends = run_nccl_threads(
      2,
      [](NcclCommunicator& c, const std::shared_ptr<Allocator>&) {
        const Tensor large = Tensor::zeros({8}), small = Tensor::zeros({4});
        const auto first = c.all_reduce_async(c.rank() == 0 ? large : small, ReduceOp::sum);
        const auto second = c.all_reduce_async(c.rank() == 0 ? small : large, ReduceOp::sum);
        second->wait();
      },
      soon);
  for (const std::string& end : ends) EXPECT_THAT(end, StartsWith("NCCL on rank"));
}

TEST(NcclFailure, TwoSendsThatMeetWaitForEver) {
  const auto ends = run_nccl_threads(
      2,
      [](NcclCommunicator& c, const std::shared_ptr<Allocator>&) {
        c.send(Tensor::zeros({3}), 1 - c.rank());
        c.receive(Tensor::zeros({3}), 1 - c.rank());
      },
      soon);
  EXPECT_THAT(ends, testing::Contains(HasSubstr("send of 3 f32 to rank")));
}

TEST(NcclFailure, AnExceptionOfOneRankEndsTheOthers) {
  const auto ends = run_nccl_threads(3, [](NcclCommunicator& c, const std::shared_ptr<Allocator>&) {
    c.barrier();
    if (c.rank() == 1) throw Error("disk full");
    c.barrier();
  });
  EXPECT_EQ(ends[1], "disk full");
  for (const int rank : {0, 2})
    EXPECT_THAT(ends[static_cast<size_t>(rank)],
                AllOf(StartsWith(fmt::format("NCCL on rank {} of 3: barrier: remote", rank))));
}

TEST(NcclFailure, WhatACallComplainsOfIsSaid) {
  NcclLibrary library = nccl_library();
  library.ncclAllReduce = [](const void*, void*, size_t, ncclDataType_t, ncclRedOp_t, ncclComm_t,
                             cudaStream_t) { return ncclSystemError; };
  library.ncclGetLastError = [](ncclComm_t) { return "Call to bind failed"; };
  const auto ends = run_nccl_threads(
      1,
      [](NcclCommunicator& c, const std::shared_ptr<Allocator>&) {
        const Tensor tensor = Tensor::zeros({7}, DType::f64);
        for (int time = 0; time < 2; ++time) {  // and it is said again, whatever is asked for
          try {
            c.all_reduce(tensor, ReduceOp::max);
            ADD_FAILURE() << "no error";
          } catch (const Error& error) {
            EXPECT_STREQ(error.what(),
                         "NCCL on rank 0 of 1: all_reduce of 7 f64 (max): unhandled system error: "
                         "Call to bind failed");
          }
        }
      },
      soon, library);
  EXPECT_THAT(ends, testing::Each(""));
}

TEST(NcclFailure, AnErrorInTheBackgroundIsFoundWhileWaiting) {
  NcclLibrary library = nccl_library();
  static std::atomic<bool> broken;
  broken = false;
  library.ncclCommGetAsyncError = [](ncclComm_t comm, ncclResult_t* result) {
    const ncclResult_t status = ncclCommGetAsyncError(comm, result);
    if (broken) *result = ncclInternalError;
    return status;
  };
  const auto ends = run_nccl_threads(
      2,
      [](NcclCommunicator& c, const std::shared_ptr<Allocator>&) {
        c.barrier();
        if (c.rank() == 1) return;
        const auto work = c.all_reduce_async(Tensor::zeros({3}), ReduceOp::sum);  // which rank 1 never joins
        broken = true;
        work->wait();
      },
      100, library);
  EXPECT_THAT(ends[0], HasSubstr("NCCL on rank 0 of 2: all_reduce of 3 f32 (sum): internal error"));
}

TEST(NcclCheck, NamesTheCallAndNcclsWords) {
  NcclLibrary library = nccl_library();
  library.ncclGetUniqueId = [](ncclUniqueId*) { return ncclUnhandledCudaError; };
  library.ncclGetLastError = [](ncclComm_t) { return "no device"; };
  try {
    NcclGroup::new_id(library);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("ncclGetUniqueId(&id)"), HasSubstr("unhandled cuda error: no device")));
  }
}

}  // namespace
}  // namespace gpt::emulated
