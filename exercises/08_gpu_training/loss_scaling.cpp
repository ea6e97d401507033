#include "exercises/08_gpu_training/loss_scaling.hpp"

#include "exercises/todo.hpp"

namespace gpt {

LossScaler::LossScaler(double first_scale, int64_t patience) : scale_(first_scale), patience_(patience) {}

bool LossScaler::update(bool finite) {
  todo("skip and halve at once; double after a while, and count anew");
}

}  // namespace gpt
