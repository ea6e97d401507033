#pragma once
// What the tests of this chapter compare with: elements found by the definition of a strided tensor, one
// index at a time, and random tensors.

#include <random>
#include <string>
#include <vector>

#include "01_tensors/philox.hpp"
#include "01_tensors/strided.hpp"

namespace gpt::oracle {

using Index = std::vector<int64_t>;

/// Every index of a tensor of this shape, in row-major order.
inline std::vector<Index> all_indices(const Shape& shape) {
  std::vector<Index> result{{}};
  for (const int64_t size : shape) {
    std::vector<Index> longer;
    for (const Index& prefix : result)
      for (int64_t i = 0; i < size; ++i) {
        longer.push_back(prefix);
        longer.back().push_back(i);
      }
    result = longer;
  }
  return result;
}

/// offset + i·strides[0] + j·strides[1] + …: where element (i, j, …) lies in the storage.
inline int64_t position(const Tensor& t, const Index& index) {
  int64_t result = t.offset();
  for (int d = 0; d < t.rank(); ++d) result += index[static_cast<size_t>(d)] * t.strides()[d];
  return result;
}

inline double element(const Tensor& t, const Index& index) {
  return dispatch(t.dtype(), [&](auto zero) {
    const auto* start = reinterpret_cast<const decltype(zero)*>(t.storage()->data());
    return convert<double>(start[position(t, index)]);
  });
}

/// Where an index of a broadcast result finds its element in an operand: aligned at the end, size 1 repeats.
inline Index broadcast_index(const Index& index, const Shape& operand) {
  Index result(index.end() - operand.rank(), index.end());
  for (int d = 0; d < operand.rank(); ++d)
    if (operand[d] == 1) result[static_cast<size_t>(d)] = 0;
  return result;
}

/// Uniform in [-1, 1), different for every `stream`.
inline Tensor random_tensor(const Shape& shape, DType dtype, uint64_t stream) {
  Tensor t(shape, DType::f64);
  const RandomStream random(1, RandomUse::example, stream);
  for (int64_t i = 0; i < t.elements(); ++i)
    t.data<double>()[i] = 2.0 * random.uniform(static_cast<uint64_t>(i)) - 1.0;
  return t.to(dtype);
}

/// Random choices of a test, the same on every run.
class Dice {
 public:
  explicit Dice(unsigned seed) : generator_(seed) {}
  /// A whole number in [from, to].
  int64_t roll(int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(generator_);
  }

  Shape shape(int most_dimensions, int64_t most_size) {
    Shape result;
    for (int64_t rank = roll(0, most_dimensions); rank > 0; --rank)
      result = result.with(result.rank(), roll(0, 19) == 0 ? 0 : roll(1, most_size));
    return result;
  }

  /// A view with anything but ordinary strides: parts of a dense tensor of different
  /// numbers, turned and repeated.
  Tensor view(int most_dimensions = 4, int64_t most_size = 4) {
    Tensor t = Tensor::arange(shape(most_dimensions, most_size));
    for (int64_t step = roll(0, 4); step > 0 && t.rank() > 0; --step) {
      const int d = static_cast<int>(roll(0, t.rank() - 1)), other = static_cast<int>(roll(0, t.rank() - 1));
      if (const int64_t what = roll(0, 3); what == 0) {
        t = t.transpose(d, other);
      } else if (what == 1) {
        const int64_t from = roll(0, t.size(d));
        t = t.slice(d, from, roll(from, t.size(d)));
      } else if (what == 2 && t.size(d) > 0) {
        t = t.select(d, roll(0, t.size(d) - 1));
      } else if (t.size(d) == 1) {
        Shape longer = t.shape();
        longer[d] = roll(1, most_size);
        t = t.expand(longer);
      }
    }
    return t;
  }

 private:
  std::mt19937 generator_;
};

/// The message of the Error that `f` throws, or "" when it throws none.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace gpt::oracle
