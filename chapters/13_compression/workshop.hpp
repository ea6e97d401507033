#pragma once
// Where a compression computes: on the host, or on the device that computed the gradients.

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "01_tensors/tensor.hpp"
#include "06_simt/simt.hpp"
#include "13_compression/codec.hpp"
#include "13_compression/thin_matrices.hpp"

namespace gpt {

// [workshop]
/// What the compressions compute, in one memory. All spans, those of its codecs too, lie there: the host may
/// not look into those of a device. There, what is asked for is done later, in order, in a stream of its own.
class Workshop {
 public:
  virtual ~Workshop() = default;
  virtual const std::shared_ptr<Allocator>& memory() const = 0;
  /// "bf16", "fp16", "int8" or "sign". The codes are the same everywhere, bit for bit.
  virtual std::unique_ptr<Codec> codec(std::string_view name) const = 0;
  virtual std::unique_ptr<ThinMatrices> thin_matrices() const = 0;

  /// sum += values
  virtual void add(std::span<float> sum, std::span<const float> values) const = 0;
  virtual void subtract(std::span<float> from, std::span<const float> values) const = 0;
  virtual void copy(std::span<float> to, std::span<const float> from) const = 0;
  virtual void clear(std::span<float> values) const = 0;
  /// mean = beta · mean + (1 - beta) · values
  virtual void blend(std::span<float> mean, std::span<const float> values, float beta) const = 0;

  // A few of many; `row` and what is counted from `first` are rows of the whole arena or parts of it.
  /// positions = first + the indices of the largest |values|, as many as there are positions, in order; of
  /// equal ones those in front. A NaN is larger than everything.
  virtual void largest(std::span<int32_t> positions, std::span<const float> values, int64_t first) const = 0;
  /// positions = one out of each of as many nearly equal parts of first … first + n-1, drawn by `key`.
  virtual void draw(std::span<int32_t> positions, int64_t first, int64_t n, const RoundingKey& key) const = 0;
  /// values[i] = row[positions[i]], which then becomes 0. No position comes twice.
  virtual void take(std::span<float> values, std::span<float> row,
                    std::span<const int32_t> positions) const = 0;
  /// row[positions[i]] += values[i]
  virtual void add_at(std::span<float> row, std::span<const int32_t> positions,
                      std::span<const float> values) const = 0;

  /// Marks what was asked of the gradients' own stream so far. The result is called by the thread that works
  /// here next: what it asks for from then on begins when all that is done.
  virtual std::function<void()> mark() const = 0;
  /// Waits until everything that was asked for is done.
  virtual void finish() const = 0;
};
// [/workshop]

/// That of the host, where nothing is done later.
const Workshop& host_workshop();
/// That of the memory in which `gradients` lie.
std::unique_ptr<Workshop> make_workshop(const Tensor& gradients);
/// Is there one for this device? Not for a GPU when this program was built without CUDA.
bool has_workshop(Device device);

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// For the device of `memory`, DeviceMemory of chapter 08.
std::unique_ptr<Workshop> make_device_workshop(const std::shared_ptr<Allocator>& memory);
)
// clang-format on

}  // namespace gpt
