#include "exercises/16_trainer/cut_metrics.hpp"

#include "exercises/todo.hpp"

namespace gpt {

std::string cut_metrics(std::string_view text, int64_t last_step) {
  todo("line by line; a line without its newline is none");
}

}  // namespace gpt
