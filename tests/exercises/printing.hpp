#pragma once
// How GoogleTest prints what it has no words for. Every test of an exercise is compiled with this
// (Exercises.cmake).

#include <gtest/gtest.h>

#include <ostream>
#include <span>

#include "01_tensors/shape.hpp"

namespace gpt {

inline void PrintTo(const Shape& shape, std::ostream* out) {
  *out << to_string(shape);
}

}  // namespace gpt

/// As { 1, 2, 3 }: a span has no const_iterator, by which GoogleTest 1.12 tells a container.
template <class T, size_t extent>
class testing::internal::UniversalPrinter<std::span<T, extent>> {
 public:
  static void Print(const std::span<T, extent>& values, std::ostream* out) {
    *out << "{";
    for (const char* between = " "; const T& value : values) {
      *out << between << testing::PrintToString(value);
      between = ", ";
    }
    *out << " }";
  }
};
