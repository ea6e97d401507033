#pragma once
// The ladders on a GPU: is each rung right, and how long does it take?

#include <nlohmann/json.hpp>

#include <string>

#include "07_cuda_kernels/families.hpp"

namespace gpt {

/// False where this program has no kernels for GPUs, or CUDA finds no GPU.
bool has_gpu();

/// Prints what is measured, and keeps it for other programs.
class Timings {
 public:
  /// The file is written anew after each ladder, as JSON. An empty path: no file.
  explicit Timings(const std::string& path) : path_(path) {}

  /// Every rung must be right on a small problem, and the last one on the large problem that is timed too: a
  /// reference for that takes the host seconds.
  void show(Ladders small, Ladders large);

 private:
  void show(Ladder& ladder, const std::vector<bool>& right, double copy);
  void write() const;

  std::string path_;
  nlohmann::ordered_json measured_;
};

/// "gelu_forward, 4096 elements, f32", and a line for each rung that the ladders before ladders[i] have not.
void print_ideas(const Ladders& ladders, size_t i);

}  // namespace gpt
