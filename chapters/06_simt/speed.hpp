#pragma once

namespace gpt {

/// Prints what threads, barriers, shuffles and whole kernels cost on the machine, plain and checked; without
/// the times if `stable`.
void show_speed(bool stable);

}  // namespace gpt
