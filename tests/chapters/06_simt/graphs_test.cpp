// Graphs of orders: what is captured, and what cannot be. Here, in the checked build, and on a GPU where
// there is one.

#include <gtest/gtest.h>

#include "06_simt/device_array.hpp"
#include "common/check.hpp"
#include "reference.hpp"

namespace gpt {
namespace {

namespace kernels = KERNEL_SPACE;
using simt::check;
using Floats = std::vector<float>;

class Graphs : public testing::Test {
 protected:
  void SetUp() override {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) GTEST_SKIP() << "no GPU here";
    check(cudaStreamCreate(&stream_), "cudaStreamCreate");
  }
  void TearDown() override {
    if (stream_) cudaStreamDestroy(stream_);
  }

  void begin() {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  }
  /// How the capture ended, after `call` was refused.
  cudaError_t end_in_vain() {
    cudaGraph_t graph = nullptr;
    const cudaError_t status = cudaStreamEndCapture(stream_, &graph);
    EXPECT_EQ(graph, nullptr);
    cudaGetLastError();  // the next test begins without it
    return status;
  }

  cudaStream_t stream_ = nullptr;
};

TEST_F(Graphs, KeepTheirOrdersAndTheNumbersOfThen) {
  const simt::DeviceArray<float> x(Floats{1, 2, 3});
  float there[] = {0, 0, 0};
  begin();
  float factor = 2;
  kernels::scale(stream_, 3, factor, 0, x.data());
  factor = 100;  // too late
  kernels::scale(stream_, 3, 1, 1, x.data());
  check(cudaMemcpyAsync(there, x.data(), sizeof there, cudaMemcpyDeviceToHost, stream_), "cudaMemcpyAsync");
  check(cudaMemsetAsync(x.data(), 0, sizeof(float), stream_), "cudaMemsetAsync");
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(stream_, &graph), "cudaStreamEndCapture");
  EXPECT_EQ(x.host(), (Floats{1, 2, 3})) << "captured, and done as well";

  size_t orders = 0;
  check(cudaGraphGetNodes(graph, nullptr, &orders), "cudaGraphGetNodes");
  EXPECT_EQ(orders, 4u);
  cudaGraphExec_t executable = nullptr;
  check(cudaGraphInstantiate(&executable, graph, 0), "cudaGraphInstantiate");
  check(cudaGraphDestroy(graph), "cudaGraphDestroy");  // the executable does not need it
  for (const Floats& wanted : {Floats{3, 5, 7}, Floats{1, 11, 15}}) {
    check(cudaGraphLaunch(executable, stream_), "cudaGraphLaunch");
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    EXPECT_EQ(Floats(there, there + 3), wanted);
    EXPECT_EQ(x.host(), (Floats{0, wanted[1], wanted[2]}));
  }
  check(cudaGraphExecDestroy(executable), "cudaGraphExecDestroy");
}

TEST_F(Graphs, RefuseWhatTheHostWouldWaitFor) {
  const simt::DeviceArray<float> x(Floats{1, 2, 3});
  cudaEvent_t event = nullptr;
  check(cudaEventCreate(&event), "cudaEventCreate");
  const std::vector<std::function<cudaError_t()>> calls{
      [&] { return cudaMemset(x.data(), 0, 4); },
      [&] {
        float there = 0;
        return cudaMemcpy(&there, x.data(), 4, cudaMemcpyDeviceToHost);
      },
      [&] { return cudaStreamSynchronize(stream_); },
      [&] { return cudaDeviceSynchronize(); },
      [&] {
        void* block = nullptr;
        return cudaMalloc(&block, 4);
      },
      [&] {
        check(cudaEventRecord(event, stream_), "cudaEventRecord");
        return cudaEventSynchronize(event);
      }};
  for (size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE(i);
    begin();
    EXPECT_NE(calls[i](), cudaSuccess);
    EXPECT_NE(end_in_vain(), cudaSuccess);
  }
  cudaEventDestroy(event);
  EXPECT_EQ(x.host(), (Floats{1, 2, 3}));

  begin();  // the same said by name, as all of the book's calls are
  EXPECT_THROW(check(cudaStreamSynchronize(stream_), "waiting for the device"), Error);
  EXPECT_THROW(kernels::scale(stream_, 3, 2, 0, x.data()), Error) << "after the capture has failed";
  end_in_vain();
}

TEST_F(Graphs, KnowNothingOfTheStreamThatWaitsForAll) {
  const simt::DeviceArray<float> x(Floats{1});
  EXPECT_NE(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  cudaGetLastError();
  begin();
  EXPECT_THROW(kernels::scale(nullptr, 1, 2, 0, x.data()), Error);
  EXPECT_NE(end_in_vain(), cudaSuccess);
  EXPECT_EQ(x.host(), (Floats{1}));
  cudaStream_t other = nullptr;  // one that is not captured goes on
  check(cudaStreamCreate(&other), "cudaStreamCreate");
  begin();
  kernels::scale(other, 1, 2, 0, x.data());
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(stream_, &graph), "cudaStreamEndCapture");
  cudaGraphDestroy(graph);
  check(cudaStreamSynchronize(other), "cudaStreamSynchronize");
  cudaStreamDestroy(other);
  EXPECT_EQ(x.host(), (Floats{2}));
}

}  // namespace
}  // namespace gpt
