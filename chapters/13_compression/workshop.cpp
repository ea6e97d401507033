#include "13_compression/workshop.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "07_cuda_kernels/sparse.hpp"
#include "13_compression/largest.hpp"

namespace gpt {
namespace {

class HostWorkshop final : public Workshop {
 public:
  const std::shared_ptr<Allocator>& memory() const override { return memory_; }
  std::unique_ptr<Codec> codec(std::string_view name) const override {
    if (name == "bf16") return make_bf16_codec();
    if (name == "fp16") return make_fp16_codec();
    if (name == "int8") return make_int8_codec();
    GPT_CHECK(name == "sign", "no codec '{}'", name);
    return make_sign_codec();
  }
  std::unique_ptr<ThinMatrices> thin_matrices() const override {
    return std::make_unique<HostThinMatrices>();
  }

  void add(std::span<float> sum, std::span<const float> values) const override {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += values[i];
  }
  void subtract(std::span<float> from, std::span<const float> values) const override {
    for (size_t i = 0; i < from.size(); ++i) from[i] -= values[i];
  }
  void copy(std::span<float> to, std::span<const float> from) const override {
    std::ranges::copy(from, to.begin());
  }
  void clear(std::span<float> values) const override { std::ranges::fill(values, 0.0f); }
  void blend(std::span<float> mean, std::span<const float> values, float beta) const override {
    for (size_t i = 0; i < mean.size(); ++i) mean[i] = std::fma(1.0f - beta, values[i], beta * mean[i]);
  }

  void largest(std::span<int32_t> positions, std::span<const float> values, int64_t first) const override {
    const std::vector<int32_t> found = gpt::largest(values, static_cast<int64_t>(positions.size()));
    for (size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<int32_t>(first) + found[i];
  }
  void draw(std::span<int32_t> positions, int64_t first, int64_t n, const RoundingKey& key) const override {
    const auto k = static_cast<int64_t>(positions.size());
    for (int64_t part = 0; part < k; ++part)
      positions[static_cast<size_t>(part)] =
          static_cast<int32_t>(first + drawn_index(key, static_cast<uint64_t>(first), n, k, part));
  }
  void take(std::span<float> values, std::span<float> row,
            std::span<const int32_t> positions) const override {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = std::exchange(row[static_cast<size_t>(positions[i])], 0.0f);
  }
  void add_at(std::span<float> row, std::span<const int32_t> positions,
              std::span<const float> values) const override {
    for (size_t i = 0; i < values.size(); ++i) row[static_cast<size_t>(positions[i])] += values[i];
  }

  std::function<void()> mark() const override {
    return [] {};
  }
  void finish() const override {}

 private:
  std::shared_ptr<Allocator> memory_ = host_allocator();
};

}  // namespace

const Workshop& host_workshop() {
  static const HostWorkshop workshop;
  return workshop;
}

bool has_workshop(Device device) {
  return device != Device::cuda || GPT_CUDA_KERNELS;
}

std::unique_ptr<Workshop> make_workshop(const Tensor& gradients) {
  const std::shared_ptr<Allocator>& memory = gradients.allocator();
  if (gradients.device() == Device::cpu) return std::make_unique<HostWorkshop>();
#if GPT_CUDA_KERNELS
  if (gradients.device() == Device::cuda) return cuda::make_device_workshop(memory);
#endif
  GPT_CHECK(gradients.device() == Device::simt, "no kernels were compiled in for {}",
            name_of(gradients.device()));
  return emulated::make_device_workshop(memory);
}

}  // namespace gpt
