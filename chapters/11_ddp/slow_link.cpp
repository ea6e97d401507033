#include "11_ddp/slow_link.hpp"

#include <chrono>
#include <thread>

namespace gpt {

// [slow]
std::unique_ptr<Work> SlowLinkReducer::start(size_t /*bucket*/, const Tensor& gradients) {
  const CriticalPath path =
      all_reduce_path(AllReduceAlgorithm::ring, communicator_.size(), static_cast<double>(gradients.bytes()));
  const std::chrono::duration<double> time(link_.seconds(path));
  const std::shared_ptr<Work> sum = communicator_.all_reduce_async(gradients, ReduceOp::sum);
  return worker_.submit([sum, time] {
    const auto start = std::chrono::steady_clock::now();
    sum->wait();
    std::this_thread::sleep_until(start + time);
  });
}
// [/slow]

}  // namespace gpt
