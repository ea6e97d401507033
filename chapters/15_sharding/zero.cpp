#include "15_sharding/zero.hpp"

#include <cmath>

#include "11_ddp/tree.hpp"
#include "15_sharding/owner_reducer.hpp"
#include "15_sharding/paged_memory.hpp"

namespace gpt {

MakeBuffer zero_buffers(int stage) {
  if (stage == 0) return nullptr;
  return paged_zeros;
}

Zero::Zero(int stage, Gpt& model, Communicator& communicator, int64_t alignment)
    : stage_(stage),
      model_(model),
      communicator_(communicator),
      partition_(layer_ends(model.parameters()), communicator.size(), alignment),
      optimizer_(model.parameters(), model.backend(), partition_, communicator.rank()) {
  GPT_CHECK(stage >= 1 && stage <= 3, "ZeRO has the stages 1, 2 and 3, not {}", stage);
  if (stage == 3) gatherer_ = std::make_unique<LayerGatherer>(model, communicator, partition_);
}

std::unique_ptr<GradientReducer> Zero::make_reducer() const {
  return std::make_unique<OwnerReducer>(communicator_, partition_, stage_ >= 2);
}

// [norm]
void Zero::clear_gradients() const {
  const Tensor& gradients = model_.parameters().gradients();
  if (stage_ == 1) return model_.backend().fill(gradients, 0.0);
  for (const Part& part : partition_.parts(communicator_.rank()))  // the rest was given back
    model_.backend().fill(gradients.slice(0, part.from, part.to), 0.0);
}

double Zero::gradient_norm() const {
  double squares = 0.0;
  for (const Part& part : partition_.parts(communicator_.rank()))
    squares += model_.backend().sum_of_squares(model_.parameters().gradients().slice(0, part.from, part.to));
  const Tensor all({communicator_.size()}, DType::f64);
  communicator_.all_gather(all, Tensor::from(std::vector<double>{squares}, {1}));
  return std::sqrt(tree_sum(all.span<double>()));
}
// [/norm]

// [step]
void Zero::step(const AdamWStep& step) const {
  optimizer_.step(step);
  if (stage_ == 3) return;  // fetched when they are needed
  const ParameterStore& store = model_.parameters();
  for (size_t u = 0; u < partition_.units(); ++u)
    gather_from_owners(communicator_, store.values(), partition_, u);
  store.refresh_compute_copy();
}
// [/step]

void Zero::end_pass() {
  if (gatherer_) gatherer_->end_pass();
}
void Zero::empty_pass() {
  if (gatherer_) gatherer_->empty_pass();
}
void Zero::await_fetched() {
  if (gatherer_) gatherer_->await_fetched();
}
void Zero::gather_parameters() {
  if (gatherer_) gatherer_->gather_all();
}
void Zero::give_back_parameters() {
  if (gatherer_) gatherer_->give_back_all();
}

}  // namespace gpt
