#include "09_averaging/communicator.hpp"

#include <cstdint>
#include <cstring>

namespace gpt {

double Communicator::all_reduce(double value, ReduceOp op) {
  const Tensor tensor = Tensor::scalar(value, DType::f64);
  all_reduce(tensor, op);
  return tensor.item();
}

std::string Communicator::broadcast(const std::string& text, int root) {
  // First the length, so that every rank can make room; then the bytes, four to a word.
  const auto length = static_cast<int64_t>(text.size());
  GPT_CHECK(length <= INT32_MAX, "a text of {} bytes is too long to broadcast", length);
  const Tensor size = Tensor::scalar(static_cast<double>(length), DType::i32);
  broadcast(size, root);
  const int64_t received = size.at<int32_t>({});
  const Tensor words = Tensor::zeros({(received + 3) / 4}, DType::i32);
  if (rank() == root && length > 0) std::memcpy(words.bytes_data(), text.data(), text.size());
  broadcast(words, root);
  return {reinterpret_cast<const char*>(words.bytes_data()), static_cast<size_t>(received)};
}

void Communicator::exchange(const Tensor& sent, const Tensor& received, int other) {
  // A send may wait for its receiver: were both to send first, both would wait forever.
  if (rank() < other) send(sent, other);
  receive(received, other);
  if (rank() > other) send(sent, other);
}

}  // namespace gpt
