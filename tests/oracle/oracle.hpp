#pragma once
// The files in which PyTorch's answers lie, and how ours are compared with them. README.md says what the
// files hold.

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "01_tensors/elementwise.hpp"
#include "05_gpt/backend.hpp"
#include "05_gpt/safetensors.hpp"

namespace gpt {

/// A backend under test.
struct Tested {
  std::string name;
  std::unique_ptr<Backend> (*make)(DType);
  DType type;
  double tolerance;  ///< relative to the largest element of each tensor

  friend std::ostream& operator<<(std::ostream& out, const Tested& tested) { return out << tested.name; }
};

inline SafetensorsFile oracle_file(const std::string& name) {
  return SafetensorsFile(std::filesystem::path(GPT_ORACLE_FOLDER) / (name + ".safetensors"));
}

/// The largest error of any element, as a part of the largest element expected: an element's own size is no
/// measure where it is the small difference of large numbers.
inline double relative_error(const Tensor& ours, const Tensor& expected) {
  const Tensor zeros = Tensor::zeros(expected.shape(), expected.dtype());
  return max_difference(ours, expected) / std::max(max_difference(expected, zeros), 1e-30);
}

inline void expect_close(const Tensor& ours, const Tensor& expected, double tolerance,
                         const std::string& what) {
  ASSERT_EQ(ours.shape(), expected.shape()) << what;
  EXPECT_LE(relative_error(ours, expected), tolerance) << what;
}

}  // namespace gpt
