#pragma once
// A kernel for a program that holds it three times.

#include "06_simt/simt.hpp"

namespace gpt {

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// How many devices of its kind there are.
int devices();
/// y += a · x, for n numbers on the host; copied to the device and back.
void saxpy(int n, float a, const float* x, float* y);
)
// clang-format on

}  // namespace gpt
