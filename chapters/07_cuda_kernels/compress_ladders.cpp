#include "05_gpt/backend.hpp"
#include "07_cuda_kernels/compress.hpp"
#include "07_cuda_kernels/device_tensor.hpp"
#include "07_cuda_kernels/families.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

using simt::DeviceArray;
using simt::DeviceTensor;

/// One rung each: a pass over memory has no plainer form worth a table. Bytes: of packing, which is what is
/// counted; unpacking moves the same.
template <class Pack, class Unpack>
Ladder pack_ladder(std::string task, std::string idea, int64_t n, double bytes, double tolerance, Pack pack,
                   Unpack unpack) {
  const auto x = std::make_shared<DeviceTensor>(random_values({n}, 1), DType::f32);
  const auto back = std::make_shared<DeviceTensor>(Shape{n}, DType::f32);
  return {.task = std::move(task),
          .problem = fmt::format("{} elements", n),
          .ideal_bytes = bytes * static_cast<double>(n),
          .rungs = {{"packed", std::move(idea), [=] { pack(x->floats()); }}},
          .error =
              [=] {
                unpack(back->floats());
                return relative_error(back->host(), x->host());
              },
          .tolerance = tolerance};
}

Ladder fp16_ladder(int64_t n) {
  const auto packed = std::make_shared<DeviceArray<uint16_t>>(n);
  return pack_ladder(
      "pack_fp16", "half the bytes, rounded to the nearest", n, 6, 1e-3,
      [=](const float* x) { pack_fp16(packed->data(), x, n); },
      [=](float* x) { unpack_fp16(x, false, packed->data(), n); });
}

Ladder int8_ladder(int64_t n) {
  const auto packed = std::make_shared<DeviceArray<int8_t>>(n);
  const auto scales = std::make_shared<DeviceArray<float>>(int8_scales(n));
  return pack_ladder(
      "pack_int8", "a quarter of the bytes: a scale for 256 elements, rounded at random", n,
      5 + 4.0 / int8_block, 1.0 / 127,
      [=](const float* x) {
        pack_int8(packed->data(), scales->data(), x, nullptr, n, rounding_key(1, 1, 1));
      },
      [=](float* x) { unpack_int8(x, false, packed->data(), scales->data(), n); });
}

Ladder signs_ladder(int64_t n) {
  const auto words = std::make_shared<DeviceArray<uint32_t>>(sign_words(n));
  const auto scales = std::make_shared<DeviceArray<float>>(sign_scales(n));
  return pack_ladder(
      "pack_signs", "a bit each: the vote of a warp, and the mean size of 1024 elements", n,
      4.125 + 4.0 / sign_block, 1.0,
      [=](const float* x) { pack_signs(words->data(), scales->data(), x, nullptr, n); },
      [=](float* x) { unpack_signs(x, false, words->data(), scales->data(), n); });
}

}  // namespace

Ladders compress_ladders(ProblemSize size) {
  const int64_t n = size == ProblemSize::tiny ? 8192 : int64_t{1} << 26;
  return {fp16_ladder(n), int8_ladder(n), signs_ladder(n)};
}

}  // namespace gpt::KERNEL_SPACE
