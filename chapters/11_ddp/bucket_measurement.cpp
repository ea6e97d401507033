#include "11_ddp/bucket_measurement.hpp"

#include <algorithm>
#include <limits>

#include "common/timing.hpp"

namespace gpt {

std::vector<AllReduceTime> measure_all_reduces(Communicator& communicator, int64_t largest,
                                               const std::shared_ptr<Allocator>& memory) {
  constexpr int64_t smallest = 64 << 10, rise = 4;
  constexpr int repetitions = 3;
  constexpr double long_enough = 0.1;
  std::vector<AllReduceTime> times;
  for (int64_t bytes = smallest; times.empty() || bytes <= largest; bytes *= rise) {
    const Tensor tensor = Tensor::zeros({bytes / size_of(DType::f32)}).on(memory);
    double least = std::numeric_limits<double>::infinity();
    for (int repetition = 0; repetition < repetitions; ++repetition) {
      communicator.barrier();
      const Stopwatch watch;
      communicator.all_reduce_async(tensor, ReduceOp::sum)->wait();
      least = std::min(least, watch.seconds());
    }
    times.push_back({bytes, communicator.all_reduce(least, ReduceOp::max)});
    if (times.back().seconds > long_enough) break;
  }
  return times;
}

}  // namespace gpt
