// Tensors in the memory of a device: copies, caches, and what the host may not touch.

#include <gtest/gtest.h>

#include "08_gpu_training/device_memory.hpp"
#include "08_gpu_training/gpu_backend.hpp"
#include "08_gpu_training/input_buffers.hpp"
#include "08_gpu_training/memory_report.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

using KERNEL_SPACE::DeviceMemory;

class OnDevice : public testing::Test {
 protected:
  void SetUp() override {
    if (KERNEL_SPACE::gpu_status().state != GpuStatus::State::ready) GTEST_SKIP() << "no GPU here";
    memory_ = std::make_shared<DeviceMemory>(0);
    allocator_ = std::make_shared<CachingAllocator>(memory_);
  }
  std::shared_ptr<DeviceMemory> memory_;
  std::shared_ptr<CachingAllocator> allocator_;
};

void expect_same(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  const Tensor x = a.host().to(DType::f64).contiguous(), y = b.host().to(DType::f64).contiguous();
  for (int64_t i = 0; i < x.elements(); ++i) ASSERT_EQ(x.data<double>()[i], y.data<double>()[i]) << i;
}

TEST_F(OnDevice, ATensorComesBackAsItWas) {
  for (const DType type : {DType::f32, DType::bf16, DType::f64, DType::i32}) {
    const Tensor here = Tensor::arange({3, 5}, type), there = here.on(allocator_);
    EXPECT_NE(there.device(), Device::cpu);
    EXPECT_EQ(there.on(allocator_).storage(), there.storage()) << "it was there already";
    EXPECT_EQ(here.host().storage(), here.storage()) << "it was here already";
    expect_same(there, here);
    expect_same(there.clone(), here);
    EXPECT_EQ(there.clone().device(), there.device());
    expect_same(there.to(DType::f32), here);
  }
}

TEST_F(OnDevice, ViewsAreCopiedElementByElement) {
  const Tensor here = Tensor::arange({4, 6}), there = here.on(allocator_);
  expect_same(there.transpose(0, 1), here.transpose(0, 1));
  expect_same(there.slice(1, 2, 4).contiguous(), here.slice(1, 2, 4));
  expect_same(there.select(0, 2).expand({3, 6}), here.select(0, 2).expand({3, 6}));

  // Into a view: what lies between its elements stays.
  const Tensor values = Tensor::full({4, 2}, -1.0), part = there.slice(1, 1, 3);
  part.copy_from(values);
  here.slice(1, 1, 3).copy_from(values);
  expect_same(there, here);
  there.transpose(0, 1).copy_from(here.clone().transpose(0, 1));
  expect_same(there, here);
  part.fill(0.5);
  here.slice(1, 1, 3).fill(0.5);
  expect_same(there, here);
}

TEST_F(OnDevice, EmptyTensorsAreCopiedToo) {
  const Tensor there = Tensor({0, 3}).on(allocator_);
  EXPECT_EQ(there.host().shape(), (Shape{0, 3}));
  there.copy_from(Tensor({0, 3}));
  EXPECT_EQ(there.clone().elements(), 0);
}

TEST_F(OnDevice, OneNumberCanBeRead) {
  EXPECT_EQ(Tensor::scalar(2.5).on(allocator_).item(), 2.5);
}

TEST_F(OnDevice, TheHostCannotTouchTheElements) {
  const Tensor there = Tensor::arange({3}).on(allocator_);
  EXPECT_THROW(there.data<float>(), Error);
  EXPECT_THROW(there.bytes_data(), Error);
  EXPECT_THROW(there.span<float>(), Error);
  EXPECT_THROW(there.at<float>({1}), Error);
  EXPECT_NE(there.address(), nullptr);
}

TEST_F(OnDevice, AReleasedBlockIsTheNextOnesOfItsSize) {
  const std::byte* first = Tensor({1000}, DType::f32, allocator_).address();
  EXPECT_EQ(Tensor({1000}, DType::f32, allocator_).address(), first);
  EXPECT_EQ(allocator_->statistics().system_requests, 1);
  EXPECT_EQ(allocator_->statistics().in_use, 0);
}

TEST_F(OnDevice, UploadsMayBeOverwrittenAtOnce) {
  KERNEL_SPACE::InputBuffers buffers(allocator_, memory_->stream());
  std::vector<Tensor> there;
  const Tensor here({7}, DType::i32);
  for (int batch = 0; batch < 10; ++batch) {
    here.fill(batch);
    there.push_back(buffers.upload(here));
  }
  for (int batch = 0; batch < 10; ++batch)
    expect_same(there[static_cast<size_t>(batch)], Tensor::full({7}, batch));
  expect_same(buffers.upload(Tensor::arange({100}, DType::i32)),
              Tensor::arange({100}));  // larger than before
}

TEST_F(OnDevice, StagingMemoryBelongsToTheHost) {
  const Tensor pinned({5}, DType::f32, memory_->staging());
  EXPECT_EQ(pinned.device(), Device::cpu);
  pinned.copy_from(Tensor::arange({5}).on(allocator_));
  expect_same(pinned, Tensor::arange({5}));
}

#ifndef SIMT_USE_CUDA
TEST_F(OnDevice, AFullMemorySaysWhatItNeedsAndHas) {
  simt::Options small = simt::current_options();
  small.memory = 10'000'000;
  const simt::ScopedOptions scoped(small);
  const Tensor held({1'000'000}, DType::f32, allocator_);
  { const Tensor cached({500'000}, DType::f32, allocator_); }  // given back when the rest is needed
  const Tensor fits({1'200'000}, DType::f32, allocator_);
  try {
    const Tensor too_large({1'000'000}, DType::f32, allocator_);
    FAIL() << "there is no such memory";
  } catch (const UserError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("needs 4.19 MB"), text.npos) << text;
    EXPECT_NE(text.find("of 10.0 MB"), text.npos) << text;
    EXPECT_NE(text.find("--micro-batch"), text.npos) << text;
  }
}
#endif

TEST(MemoryReport, NamesEveryKindAndTheRest) {
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1234), "1.23 kB");
  EXPECT_EQ(bytes_text(15'000'000), "15.0 MB");
  EXPECT_EQ(bytes_text(139'900'000'000), "140 GB");
  const std::string text = memory_report({{"parameters", 40}, {"gradients", 20}}, {.peak_in_use = 100});
  for (const char* words : {"parameters", "40 B", "gradients", "activations", "100 B"})
    EXPECT_NE(text.find(words), text.npos) << text;
}

}  // namespace
}  // namespace gpt
