// The workshop on a device: chapter 07's kernels in a stream of their own.

#include <type_traits>

#include "07_cuda_kernels/elementwise.hpp"
#include "07_cuda_kernels/sparse.hpp"
#include "08_gpu_training/device_memory.hpp"
#include "13_compression/blend.hpp"
#include "13_compression/device_thin_matrices.hpp"
#include "13_compression/workshop.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

int64_t count(std::span<const float> values) {
  return static_cast<int64_t>(values.size());
}

float* or_null(std::span<float> error) {
  return error.empty() ? nullptr : error.data();
}

// [codecs]
/// bf16 and fp16.
class DeviceHalves final : public Codec {
 public:
  DeviceHalves(bool fp16, Stream stream) : fp16_(fp16), stream_(stream) {}
  std::string_view name() const override { return fp16_ ? "fp16" : "bf16"; }
  int64_t bytes(int64_t n) const override { return (n + 1) / 2 * 4; }
  void encode(std::span<std::byte> code, std::span<const float> values, std::span<float> error,
              const RoundingKey&) const override {
    GPT_CHECK(error.empty(), "the kernels of {} keep no error", name());
    auto* packed = reinterpret_cast<uint16_t*>(code.data());
    (fp16_ ? pack_fp16 : pack_bf16)(packed, values.data(), count(values), stream_);
  }
  void decode(std::span<float> values, std::span<const std::byte> code, bool add) const override {
    const auto* packed = reinterpret_cast<const uint16_t*>(code.data());
    (fp16_ ? unpack_fp16 : unpack_bf16)(values.data(), add, packed, count(values), stream_);
  }

 private:
  bool fp16_;
  Stream stream_;
};

/// First the scales, then the codes.
class DeviceInt8 final : public Codec {
 public:
  explicit DeviceInt8(Stream stream) : stream_(stream) {}
  std::string_view name() const override { return "int8"; }
  int64_t bytes(int64_t n) const override { return 4 * int8_scales(n) + (n + 3) / 4 * 4; }
  void encode(std::span<std::byte> code, std::span<const float> values, std::span<float> error,
              const RoundingKey& key) const override {
    auto* scales = reinterpret_cast<float*>(code.data());
    pack_int8(reinterpret_cast<int8_t*>(scales + int8_scales(count(values))), scales, values.data(),
              or_null(error), count(values), key, stream_);
  }
  void decode(std::span<float> values, std::span<const std::byte> code, bool add) const override {
    const auto* scales = reinterpret_cast<const float*>(code.data());
    const auto* codes = reinterpret_cast<const int8_t*>(scales + int8_scales(count(values)));
    unpack_int8(values.data(), add, codes, scales, count(values), stream_);
  }

 private:
  Stream stream_;
};
// [/codecs]

/// First the scales, then words of 32 signs.
class DeviceSign final : public Codec {
 public:
  explicit DeviceSign(Stream stream) : stream_(stream) {}
  std::string_view name() const override { return "sign"; }
  int64_t bytes(int64_t n) const override { return 4 * sign_scales(n) + 4 * sign_words(n); }
  void encode(std::span<std::byte> code, std::span<const float> values, std::span<float> error,
              const RoundingKey&) const override {
    auto* scales = reinterpret_cast<float*>(code.data());
    pack_signs(reinterpret_cast<uint32_t*>(scales + sign_scales(count(values))), scales, values.data(),
               or_null(error), count(values), stream_);
  }
  void decode(std::span<float> values, std::span<const std::byte> code, bool add) const override {
    const auto* scales = reinterpret_cast<const float*>(code.data());
    const auto* words = reinterpret_cast<const uint32_t*>(scales + sign_scales(count(values)));
    unpack_signs(values.data(), add, words, scales, count(values), stream_);
  }

 private:
  Stream stream_;
};

class DeviceWorkshop final : public Workshop {
 public:
  explicit DeviceWorkshop(const std::shared_ptr<Allocator>& gradients) : gradients_(gradients) {
    const auto* const theirs = dynamic_cast<const DeviceMemory*>(&gradients->memory());
    GPT_CHECK(theirs != nullptr, "a workshop of the device in memory of {}", name_of(gradients->device()));
    computing_ = theirs->stream();
    device_ = std::make_shared<DeviceMemory>(theirs->number());
    memory_ = std::make_shared<CachingAllocator>(device_);
    stream_ = reinterpret_cast<Stream>(device_->stream());
  }

  const std::shared_ptr<Allocator>& memory() const override { return memory_; }
  std::unique_ptr<Codec> codec(std::string_view name) const override {
    if (name == "int8") return std::make_unique<DeviceInt8>(stream_);
    if (name == "sign") return std::make_unique<DeviceSign>(stream_);
    GPT_CHECK(name == "bf16" || name == "fp16", "no codec '{}'", name);
    return std::make_unique<DeviceHalves>(name == "fp16", stream_);
  }
  std::unique_ptr<ThinMatrices> thin_matrices() const override {
    return make_device_thin_matrices(memory_, stream_);
  }

  void add(std::span<float> sum, std::span<const float> values) const override {
    KERNEL_SPACE::add(DType::f32, sum.data(), values.data(), count(sum), add_rungs - 1, stream_);
  }
  void subtract(std::span<float> from, std::span<const float> values) const override {
    KERNEL_SPACE::subtract(from.data(), values.data(), count(from), stream_);
  }
  void copy(std::span<float> to, std::span<const float> from) const override {
    device_->copy_within(to.data(), from.data(), static_cast<int64_t>(to.size_bytes()));
  }
  void clear(std::span<float> values) const override {
    fill(DType::f32, values.data(), 0.0, count(values), fill_rungs - 1, stream_);
  }
  void blend(std::span<float> mean, std::span<const float> values, float beta) const override {
    KERNEL_SPACE::blend(mean.data(), values.data(), beta, count(mean), stream_);
  }

  // [few]
  void largest(std::span<int32_t> positions, std::span<const float> values, int64_t first) const override {
    const Tensor scratch({static_cast<int64_t>(select_scratch_bytes(count(values)) / 4)}, DType::i32,
                         memory_);
    select_largest(positions.data(), values.data(), count(values), static_cast<int64_t>(positions.size()),
                   static_cast<int32_t>(first), scratch.address(), select_rungs - 1, stream_);
  }
  // [/few]
  void draw(std::span<int32_t> positions, int64_t first, int64_t n, const RoundingKey& key) const override {
    draw_positions(positions.data(), n, static_cast<int64_t>(positions.size()), static_cast<int32_t>(first),
                   key, stream_);
  }
  void take(std::span<float> values, std::span<float> row,
            std::span<const int32_t> positions) const override {
    take_at(values.data(), row.data(), positions.data(), count(values), stream_);
  }
  void add_at(std::span<float> row, std::span<const int32_t> positions,
              std::span<const float> values) const override {
    KERNEL_SPACE::add_at(row.data(), positions.data(), values.data(), count(values), stream_);
  }

  // [mark]
  std::function<void()> mark() const override {
    cudaEvent_t event{};
    simt::check(cudaEventCreate(&event), "cudaEventCreate");
    const std::shared_ptr<std::remove_pointer_t<cudaEvent_t>> place(
        event, [](cudaEvent_t done) { cudaEventDestroy(done); });
    simt::check(cudaEventRecord(event, computing_), "cudaEventRecord");
    return [place, device = device_] {
      device->use();  // a thread begins with device 0
      simt::check(cudaStreamWaitEvent(device->stream(), place.get(), 0), "cudaStreamWaitEvent");
    };
  }
  // [/mark]
  void finish() const override { device_->synchronize(); }

 private:
  std::shared_ptr<Allocator> gradients_;  // whose stream it is that computes them
  cudaStream_t computing_ = nullptr;
  std::shared_ptr<DeviceMemory> device_;
  std::shared_ptr<Allocator> memory_;
  Stream stream_ = nullptr;
};

}  // namespace

std::unique_ptr<Workshop> make_device_workshop(const std::shared_ptr<Allocator>& memory) {
  return std::make_unique<DeviceWorkshop>(memory);
}

}  // namespace gpt::KERNEL_SPACE
