#pragma once
// What stands between kernels and those who call them. Host code in C++ and kernels compiled by nvcc both
// include this file, so it holds no tensor, no CUDA type and nothing that nvcc cannot read.

#include <cstddef>
#include <cstdint>

#include "06_simt/simt.hpp"

namespace gpt {

enum class DType : uint8_t;  // chapter 01
struct Dropout;              // chapter 05
struct AdamWStep;            // chapter 05

/// CUDA's cudaStream_t in code that cannot name it: a cast away (device.hpp). nullptr is the default stream.
struct StreamHandle;
using Stream = StreamHandle*;

/// True for bf16, false for f32. Throws Error for every other type.
bool is_bf16(DType type);

/// Throws Error, saying `what`, unless it holds. GPT_CHECK for files that nvcc compiles.
void require(bool holds, const char* what);

}  // namespace gpt
