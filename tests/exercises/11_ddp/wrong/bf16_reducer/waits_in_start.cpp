// Says: the backward pass stands still meanwhile
#include "exercises/11_ddp/bf16_reducer.hpp"

namespace gpt {
namespace {

class Bf16Work final : public Work {
 public:
  Bf16Work(Communicator& communicator, Tensor gradients)
      : gradients_(std::move(gradients)),
        sent_(gradients_.to(DType::bf16)),
        work_(communicator.all_reduce_async(sent_, ReduceOp::sum)) {
    work_->wait();
  }

  void wait() override {
    if (done_) return;
    work_->wait();
    gradients_.copy_from(sent_);
    done_ = true;
  }
  Interval interval() const override { return work_->interval(); }

 private:
  Tensor gradients_;
  Tensor sent_;  // lives as long as its all-reduce
  std::unique_ptr<Work> work_;
  bool done_ = false;
};

class Bf16Reducer final : public GradientReducer {
 public:
  explicit Bf16Reducer(Communicator& communicator) : communicator_(communicator) {}
  std::unique_ptr<Work> start(size_t /*bucket*/, const Tensor& gradients) override {
    return std::make_unique<Bf16Work>(communicator_, gradients);
  }

 private:
  Communicator& communicator_;
};

}  // namespace

std::unique_ptr<GradientReducer> make_bf16_reducer(Communicator& communicator) {
  return std::make_unique<Bf16Reducer>(communicator);
}

}  // namespace gpt
