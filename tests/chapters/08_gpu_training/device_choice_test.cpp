// Which device, and what is said when there is none.

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "08_gpu_training/device_choice.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

using State = GpuStatus::State;

TEST(DeviceChoice, EveryReasonHasASentenceOfItsOwn) {
  std::set<std::string> sentences{why_no_gpu(false, {.state = State::no_device})};
  for (const State state : {State::no_driver, State::old_driver, State::no_device, State::broken})
    sentences.insert(why_no_gpu(true, {.state = state, .text = "words of the runtime"}));
  EXPECT_EQ(sentences.size(), 5u);
  for (const std::string& sentence : sentences) EXPECT_EQ(sentence.find('\n'), sentence.npos) << sentence;
  EXPECT_EQ(why_no_gpu(true, {.state = State::ready, .devices = 1}), "");
  EXPECT_NE(why_no_gpu(false, {}).find("built without CUDA"), std::string::npos);
  EXPECT_NE(why_no_gpu(true, {.state = State::no_driver}).find("no NVIDIA driver"), std::string::npos);
  EXPECT_NE(why_no_gpu(true, {.state = State::no_device}).find("finds no GPU"), std::string::npos);
}

TEST(DeviceChoice, TheBackendIsTheOneAskedFor) {
  EXPECT_EQ(make_backend({.device = "cpu"})->name(), "cpu");
  EXPECT_EQ(make_backend({.device = "simt"})->name(), "simt");
  EXPECT_EQ(make_backend({.device = "simt"})->device(), Device::simt);
  EXPECT_EQ(make_backend({.device = "simt", .precision = "bf16"})->compute_type(), DType::bf16);
  const bool gpu = why_no_gpu(built_with_cuda(), cuda_status()).empty();
  EXPECT_EQ(make_backend({.device = "auto"})->name(), gpu ? "cuda" : "cpu");
  if (gpu) {
    EXPECT_EQ(make_backend({.device = "cuda", .rank = 17})->name(), "cuda") << "more ranks than devices";
  } else {
    EXPECT_THROW(make_backend({.device = "cuda"}), UserError);
    EXPECT_THROW(make_backend({.device = "auto", .precision = "tf32"}), UserError);
  }
}

TEST(DeviceChoice, OnlyAGpuHasAPlaceOnTheBus) {
  EXPECT_EQ(pci_bus_id(*make_backend({.device = "cpu"})), "");
  EXPECT_EQ(pci_bus_id(*make_backend({.device = "simt"})), "");
  if (!why_no_gpu(built_with_cuda(), cuda_status()).empty()) return;
  const std::string id = pci_bus_id(*make_backend({.device = "cuda"}));
  EXPECT_TRUE(std::regex_match(id, std::regex("[0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\\.[0-7]")))
      << id;
}

TEST(DeviceChoice, WordsThatDoNotExistAreRefused) {
  EXPECT_THROW(validate({.device = "gpu"}), UserError);
  EXPECT_THROW(validate({.precision = "fp8"}), UserError);
  EXPECT_THROW(validate({.device = "cpu", .precision = "tf32"}), UserError);
  EXPECT_THROW(validate({.device = "simt", .precision = "tf32"}), UserError);
}

}  // namespace
}  // namespace gpt
