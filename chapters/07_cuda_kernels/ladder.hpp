#pragma once
// A ladder: several kernels for one task, from the plainest to the fastest, that can be compared.

#include <functional>
#include <string>
#include <vector>

#include "01_tensors/tensor.hpp"

namespace gpt {

/// How large a ladder's problem is: for the SIMT machine, or for a GPU.
enum class ProblemSize { tiny, real };

struct Rung {
  std::string name;
  std::string idea;           ///< what is new on it, in one line
  std::function<void()> run;  ///< starts the kernels; they have run when the device is synchronised
};

struct Ladder {
  std::string task;         ///< "gelu_forward"
  std::string problem;      ///< "4096 × 1024, f32"
  double ideal_bytes = 0;   ///< every input read once from memory, every output written once
  double flops = 0;         ///< 0 where bytes alone decide
  std::vector<Rung> rungs;  ///< the plainest first
  /// Of what the last run left, against chapter 05's reference backend; relative to the largest value.
  std::function<double()> error;
  double tolerance = 1e-5;
  std::function<void()> library = {};  ///< the same by NVIDIA's library, where there is one
};

/// The largest difference of two tensors of the same size, over the largest absolute value of `wanted`.
double relative_error(const Tensor& got, const Tensor& wanted);

/// n normal numbers as an f64 tensor that bf16 holds exactly, so that every type starts from the same values.
/// Those of a large tensor repeat after the first million, which spares the host minutes.
Tensor random_values(const Shape& shape, uint64_t seed);

}  // namespace gpt
