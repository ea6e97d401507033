#pragma once
// A backend beside the reference: the fixture of the conformance tests. It makes the same inputs for both,
// and compares what they computed.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include "05_gpt/backend.hpp"

namespace gpt {

/// A backend to be tested.
struct Candidate {
  std::string name;
  std::function<std::unique_ptr<Backend>()> make;

  friend std::ostream& operator<<(std::ostream& out, const Candidate& candidate) {
    return out << candidate.name;
  }
};

inline std::string candidate_name(const testing::TestParamInfo<Candidate>& test) {
  return test.param.name;
}

/// The same numbers twice: for the backend under test in its own type, and for the reference in f64.
struct Twin {
  Tensor tested, expected;
};

class BackendConformance : public testing::TestWithParam<Candidate> {
 protected:
  BackendConformance() : tested_(GetParam().make()), reference_(make_reference_backend(DType::f64)) {}

  Backend& tested() { return *tested_; }
  Backend& reference() { return *reference_; }
  DType compute() const { return tested_->compute_type(); }
  DType sums() const { return tested_->sum_type(); }
  bool is_bf16() const { return compute() == DType::bf16; }

  /// Normal random numbers, rounded to `dtype` first, so that both backends get exactly the same.
  Twin random(const Shape& shape, DType dtype, double mean = 0.0, double deviation = 1.0) {
    Tensor values(shape, DType::f64);
    const RandomStream stream(1, RandomUse::example, next_stream_++);
    for (int64_t i = 0; i < values.elements(); ++i)
      values.data<double>()[i] = mean + deviation * stream.normal(static_cast<uint64_t>(i));
    const Tensor rounded = tested_->empty(shape, dtype);
    rounded.copy_from(values);
    return {rounded, rounded.host().to(DType::f64).clone()};
  }
  Twin random(const Shape& shape) { return random(shape, compute()); }
  static Twin copy(const Twin& twin) { return {twin.tested.clone(), twin.expected.clone()}; }

  /// An output nobody has written yet. NaN, so that reading it shows.
  Twin unwritten(const Shape& shape, DType dtype) {
    const Tensor t = tested_->empty(shape, dtype);
    t.fill(std::numeric_limits<double>::quiet_NaN());
    return {t, t.host().to(DType::f64).clone()};
  }
  Twin unwritten(const Shape& shape) { return unwritten(shape, compute()); }
  /// The destination of a gradient: unwritten, or with numbers in it that must be added to.
  Twin destination(const Shape& shape, bool add) { return add ? random(shape) : unwritten(shape); }

  static Tensor random_tokens(const Shape& shape, int64_t vocabulary, int64_t lowest = 0) {
    Tensor tokens(shape, DType::i32);
    const RandomStream stream(2, RandomUse::example);
    for (int64_t i = 0; i < tokens.elements(); ++i)
      tokens.data<int32_t>()[i] = static_cast<int32_t>(
          lowest + static_cast<int64_t>(
                       stream.below(static_cast<uint64_t>(i), static_cast<uint64_t>(vocabulary - lowest))));
    return tokens;
  }

  double tolerance() const { return compute() == DType::f64 ? 1e-12 : is_bf16() ? 2e-2 : 1e-5; }

  /// Every element within tolerance · the largest element expected.
  void expect_close(const Twin& twin, const char* what, double looser = 1.0) {
    tested_->synchronize();
    const Tensor result = twin.tested.host().to(DType::f64).contiguous();
    double largest = 0, worst = 0;
    int64_t where = 0;
    for (int64_t i = 0; i < result.elements(); ++i) {
      const double expected = twin.expected.data<double>()[i];
      const double error = std::abs(result.data<double>()[i] - expected);
      largest = std::max(largest, std::abs(expected));
      if (error > worst || std::isnan(error)) worst = error, where = i;
      if (std::isnan(error)) break;
    }
    EXPECT_LE(worst, looser * tolerance() * largest)
        << what << ": element " << where << " is " << result.data<double>()[where] << " instead of "
        << twin.expected.data<double>()[where];
  }

 private:
  std::unique_ptr<Backend> tested_, reference_;
  uint64_t next_stream_ = 0;
};

}  // namespace gpt
