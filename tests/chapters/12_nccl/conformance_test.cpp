// The contract of chapter 09, over NCCL between processes: on GPUs where there are some, else on the
// stand-in.

#include <gtest/gtest.h>

#include "08_gpu_training/device_choice.hpp"
#include "10_collectives/mpi_communicator.hpp"
#include "12_nccl/host_and_device.hpp"
#include "tests/chapters/09_averaging/conformance.hpp"
#include "tests/chapters/12_nccl/nccl_job.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

/// One for all tests: to join costs, on GPUs, a good part of a second.
class Ranks : public testing::Environment {
 public:
  void SetUp() override {
    const MpiSession session;
    missing = why_skipped(session);
    if (!missing.empty()) return;
    memory = make_device_memory(device_of(session));
    communicator = connect(session, memory);
  }
  void TearDown() override {
    communicator.reset();
    memory.reset();
  }
  std::string missing;
  std::shared_ptr<Allocator> memory;
  std::unique_ptr<Communicator> communicator;
};

Ranks* const ranks = static_cast<Ranks*>(testing::AddGlobalTestEnvironment(new Ranks));

class NcclTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!ranks->missing.empty()) GTEST_SKIP() << ranks->missing;
  }
};

class NcclConformance : public NcclTest, public testing::WithParamInterface<ConformanceCheck> {};

TEST_P(NcclConformance, Holds) {
  GetParam().run(*ranks->communicator);
}

TEST_P(NcclConformance, HoldsBesideMpi) {
  const MpiSession session;
  MpiCommunicator host(MPI_COMM_WORLD);
  HostAndDevice both(host, connect(session, ranks->memory));
  GetParam().run(both);
}

INSTANTIATE_TEST_SUITE_P(Contract, NcclConformance, testing::ValuesIn(conformance_checks()),
                         [](const auto& test) { return test.param.name; });

TEST_F(NcclTest, TensorsOfTheDeviceAreReducedWhereTheyLie) {
  Communicator& c = *ranks->communicator;
  EXPECT_TRUE(c.takes(ranks->memory->device()));
  const Tensor row = Tensor::full({1000}, c.rank() + 1.0).on(ranks->memory);
  const std::byte* const place = row.address();
  // A slice in the middle: the rest stays.
  const auto work = c.all_reduce_async(row.slice(0, 100, 300), ReduceOp::sum);
  work->wait();
  EXPECT_GE(work->interval().seconds(), 0);
  const double sum = c.size() * (c.size() + 1) / 2.0;
  const Tensor host = row.host();
  EXPECT_EQ(row.address(), place);
  for (int64_t i = 0; i < 1000; ++i)
    EXPECT_EQ(host.at<float>({i}), i >= 100 && i < 300 ? sum : c.rank() + 1.0) << i;
  c.all_reduce(row.slice(0, 100, 300), ReduceOp::average);  // of equal numbers
  EXPECT_EQ(row.host().at<float>({299}), sum);

  const Tensor whole({4 * c.size()}, DType::f32, ranks->memory);
  c.all_gather(whole, row.slice(0, 0, 4));
  EXPECT_EQ(whole.host().at<float>({4 * c.size() - 1}), c.size());
  c.broadcast(whole.slice(0, 0, 2), c.size() - 1);
  c.reduce_scatter(row.slice(0, 0, 4), whole, ReduceOp::max);
  EXPECT_EQ(row.host().at<float>({3}), c.rank() + 1.0);
}

TEST_F(NcclTest, ForgottenOperationsKeepTheirMemoryUntilTheyAreDone) {
  Communicator& c = *ranks->communicator;
  std::vector<std::unique_ptr<Work>> works;
  for (int i = 0; i < 20; ++i) {
    // Its memory would go to the next tensor of this size, were it not held.
    const Tensor row = Tensor::full({50000}, i).on(ranks->memory);
    works.push_back(c.all_reduce_async(row, ReduceOp::sum));
  }
  const Tensor last = Tensor::full({50000}, 1).on(ranks->memory);
  c.all_reduce(last, ReduceOp::sum);
  EXPECT_EQ(last.host().at<float>({49999}), c.size());
}

}  // namespace
}  // namespace gpt::KERNEL_SPACE
