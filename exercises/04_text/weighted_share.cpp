#include "exercises/04_text/weighted_share.hpp"

#include "exercises/todo.hpp"

namespace gpt {

std::vector<int64_t> weighted_shares(int64_t rows, const std::vector<double>& speeds) {
  todo("round the borders, not the sizes: then nothing is lost and nothing comes twice");
}

double step_seconds(const std::vector<int64_t>& from, const std::vector<double>& speeds) {
  todo("all wait for the one that takes longest");
}

}  // namespace gpt
