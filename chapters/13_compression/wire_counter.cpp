#include "13_compression/wire_counter.hpp"

namespace gpt {

void CountingCommunicator::broadcast(const Tensor& tensor, int root) {
  if (rank() != root) counter_->add(tensor.bytes());
  counted_.broadcast(tensor, root);
}

void CountingCommunicator::all_reduce(const Tensor& tensor, ReduceOp op) {
  counter_->add(all_reduce_bytes(tensor.bytes(), size()));
  counted_.all_reduce(tensor, op);
}

std::unique_ptr<Work> CountingCommunicator::all_reduce_async(const Tensor& tensor, ReduceOp op) {
  counter_->add(all_reduce_bytes(tensor.bytes(), size()));
  return counted_.all_reduce_async(tensor, op);
}

void CountingCommunicator::reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp op) {
  counter_->add((size() - 1) * part.bytes());
  counted_.reduce_scatter(part, whole, op);
}

void CountingCommunicator::all_gather(const Tensor& whole, const Tensor& part) {
  counter_->add((size() - 1) * part.bytes());
  counted_.all_gather(whole, part);
}

void CountingCommunicator::send(const Tensor& tensor, int to) {
  counter_->add(tensor.bytes());
  counted_.send(tensor, to);
}

void CountingCommunicator::exchange(const Tensor& sent, const Tensor& received, int other) {
  counter_->add(sent.bytes());
  counted_.exchange(sent, received, other);
}

std::unique_ptr<Communicator> CountingCommunicator::split(int color, int key) {
  return std::make_unique<CountingCommunicator>(counted_.split(color, key), counter_);
}

}  // namespace gpt
