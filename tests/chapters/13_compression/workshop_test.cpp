// What a compression computes on a device is what it computes on the host, bit for bit.

#include "13_compression/workshop.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "07_cuda_kernels/ladder.hpp"
#include "08_gpu_training/device_memory.hpp"
#include "rows.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

/// A device's workshop, and rows beside it.
class DeviceWorkshopTest : public testing::Test {
 protected:
  void SetUp() override {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) GTEST_SKIP() << "no GPU here";
    gradients_ = std::make_shared<CachingAllocator>(std::make_shared<DeviceMemory>(0));
    there_ = make_device_workshop(gradients_);
  }

  /// `row` on the device, `gap` elements after where a block of memory begins.
  Tensor put(const Floats& row, int64_t gap) const {
    const auto n = static_cast<int64_t>(row.size());
    const Tensor all = Tensor::zeros({n + gap}).on(there_->memory());
    all.slice(0, gap, n + gap).copy_from(Tensor::from(row, {n}));
    return all.slice(0, gap, n + gap);
  }
  template <class T = float>
  static std::span<T> span_of(const Tensor& row) {
    return {reinterpret_cast<T*>(row.address()), static_cast<size_t>(row.bytes()) / sizeof(T)};
  }
  void expect_bits(const Tensor& there, const Floats& wanted, const std::string& what) const {
    there_->finish();
    const Tensor here = there.host();
    ASSERT_EQ(here.elements(), static_cast<int64_t>(wanted.size())) << what;
    if (wanted.empty()) return;
    EXPECT_EQ(std::memcmp(here.bytes_data(), wanted.data(), wanted.size() * sizeof(float)), 0) << what;
  }

  std::shared_ptr<Allocator> gradients_;
  std::unique_ptr<Workshop> there_;
};

TEST_F(DeviceWorkshopTest, CodesAreThoseOfTheHost) {
  const RoundingKey key = rounding_key(7, 11, 3);
  for (const char* name : {"bf16", "fp16", "int8", "sign"})
    for (const int64_t n : {1, 31, 256, 1001, 4096, 5003})
      for (const int64_t gap : {0, 3}) {
        const bool remembers = name == std::string("int8") || name == std::string("sign");
        const auto here = host_workshop().codec(name), there = there_->codec(name);
        const std::string what = fmt::format("{} {} {}", name, n, gap);
        ASSERT_EQ(there->bytes(n), here->bytes(n)) << what;
        const Floats values = numbers(n, 1);
        Floats error = remembers ? numbers(n, 2) : Floats(), sum = numbers(n, 3), decoded(values);
        Floats code(static_cast<size_t>(here->bytes(n)) / 4);
        const Tensor values_there = put(values, gap), error_there = put(error, gap),
                     sum_there = put(sum, gap), decoded_there = put(decoded, gap), code_there = put(code, 0);
        here->encode(std::as_writable_bytes(std::span(code)), values, error, key);
        here->decode(sum, std::as_bytes(std::span(code)), true);
        here->decode(decoded, std::as_bytes(std::span(code)), false);
        const auto bytes = span_of<std::byte>(code_there);
        there->encode(bytes, span_of(values_there), span_of(error_there), key);
        there->decode(span_of(sum_there), bytes, true);
        there->decode(span_of(decoded_there), bytes, false);
        expect_bits(code_there, code, what + ": the code");
        expect_bits(error_there, error, what + ": the error");
        expect_bits(sum_there, sum, what + ": decoded and added");
        expect_bits(decoded_there, decoded, what + ": decoded");
      }
}

TEST_F(DeviceWorkshopTest, ArithmeticIsThatOfTheHost) {
  const std::function<void()> ready = there_->mark();
  ready();
  for (const int64_t n : {1, 7, 1024, 3001}) {
    Floats a = numbers(n, 1), b = numbers(n, 2), copy(a), clear(a);
    const Tensor a_there = put(a, 1), b_there = put(b, 2), copy_there = put(copy, 0),
                 clear_there = put(clear, 0);
    host_workshop().blend(a, b, 0.9f);
    host_workshop().add(b, a);
    host_workshop().subtract(a, b);
    host_workshop().copy(copy, b);
    host_workshop().clear(clear);
    there_->blend(span_of(a_there), span_of(b_there), 0.9f);
    there_->add(span_of(b_there), span_of(a_there));
    there_->subtract(span_of(a_there), span_of(b_there));
    there_->copy(span_of(copy_there), span_of(b_there));
    there_->clear(span_of(clear_there));
    expect_bits(a_there, a, "blend, and subtract");
    expect_bits(b_there, b, "add");
    expect_bits(copy_there, copy, "copy");
    expect_bits(clear_there, clear, "clear");
  }
}

/// Sums in another order: near, to a few roundings.
TEST_F(DeviceWorkshopTest, ThinMatricesAreNearlyThoseOfTheHost) {
  const auto here = host_workshop().thin_matrices(), there = there_->thin_matrices();
  for (const auto& [n, m, r] : {std::tuple<int64_t, int64_t, int64_t>{1, 5, 1}, {40, 30, 4}, {33, 70, 5}}) {
    Floats matrix = numbers(n * m, 1), p = numbers(r * n, 2), q = numbers(r * m, 3), last = q;
    const Tensor matrix_there = put(matrix, 0), p_there = put(p, 1), q_there = put(q, 2),
                 last_there = put(last, 3);
    const auto expect_near = [&](const Tensor& device, const Floats& wanted, const char* what) {
      there_->finish();
      EXPECT_LE(relative_error(device.host(), Tensor::from(wanted, device.shape())), 1e-5)
          << what << " " << n << " " << m << " " << r;
    };
    here->multiply(p, matrix, q, r);
    there->multiply(span_of(p_there), span_of(matrix_there), span_of(q_there), r);
    expect_near(p_there, p, "multiply");
    here->orthonormalise(p, std::min(n, r));
    there->orthonormalise(span_of(p_there), std::min(n, r));
    expect_near(p_there, p, "orthonormalise");
    here->multiply_across(q, matrix, p, r);
    there->multiply_across(span_of(q_there), span_of(matrix_there), span_of(p_there), r);
    expect_near(q_there, q, "multiply across");
    here->add_product(matrix, -1.0f, p, q, r);
    there->add_product(span_of(matrix_there), -1.0f, span_of(p_there), span_of(q_there), r);
    expect_near(matrix_there, matrix, "add the product");
    here->copy_unless_zero(last, q, r);
    there->copy_unless_zero(span_of(last_there), span_of(q_there), r);
    expect_near(last_there, last, "copy");
  }
}

/// What is taken and what stays are together what was there, to the bit.
TEST_F(DeviceWorkshopTest, AFewOfManyAreThoseOfTheHost) {
  const RoundingKey key = rounding_key(7, 11, 3);
  for (const int64_t n : {1, 1000, 5003})
    for (const bool by_size : {true, false}) {
      constexpr int64_t first = 5;  // of a row of which this is a part
      const auto k = static_cast<size_t>(n / 10 + 1);
      Floats row = numbers(n + first, 1), sums = numbers(n + first, 2), values(k), chosen(k);
      row[static_cast<size_t>(n / 2)] = row.back();  // equal ones
      const Floats before = row;
      const Tensor row_there = put(row, 0), sums_there = put(sums, 0), values_there = put(values, 0),
                   chosen_there = put(chosen, 0);
      const auto positions = std::span(reinterpret_cast<int32_t*>(chosen.data()), k),
                 positions_there = span_of<int32_t>(chosen_there);
      if (by_size) {
        host_workshop().largest(positions, std::span(row).subspan(first), first);
        there_->largest(positions_there, span_of(row_there).subspan(first), first);
      } else {
        host_workshop().draw(positions, first, n, key);
        there_->draw(positions_there, first, n, key);
      }
      host_workshop().take(values, row, positions);
      host_workshop().add_at(sums, positions, values);
      there_->take(span_of(values_there), span_of(row_there), positions_there);
      there_->add_at(span_of(sums_there), positions_there, span_of(values_there));
      const std::string what = fmt::format("{} of {}, {}", k, n, by_size ? "the largest" : "drawn");
      expect_bits(chosen_there, chosen, what + ": positions");
      expect_bits(values_there, values, what + ": values");
      expect_bits(row_there, row, what + ": what stays");
      expect_bits(sums_there, sums, what + ": sums");
      Floats again = row;
      for (size_t i = 0; i < k; ++i) again[static_cast<size_t>(positions[i])] += values[i];
      EXPECT_EQ(again, before) << what;
    }
}

}  // namespace
}  // namespace gpt::KERNEL_SPACE
