#include "exercises/05_gpt/min_p.hpp"

#include "exercises/todo.hpp"

namespace gpt {

std::vector<TokenChance> min_p_chances(const Tensor& logits, double temperature, double min_p) {
  todo("relative to the best token: e^((x - largest) / temperature) needs no sum");
}

}  // namespace gpt
