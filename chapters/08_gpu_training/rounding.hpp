#pragma once
// Why the weights proper stay in f32.

namespace gpt {

/// Prints what becomes of a weight that takes a thousand small steps: in f32, in bf16, and in f32 with a copy
/// in bf16.
void show_rounding();

}  // namespace gpt
