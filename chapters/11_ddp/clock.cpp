#include "11_ddp/clock.hpp"

#include <algorithm>
#include <limits>

namespace gpt {

double seconds_of(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

double steady_seconds() {
  return seconds_of(std::chrono::steady_clock::now());
}

// [compare]
ClockOffset compare_clocks(Communicator& communicator, int rounds, const Clock& now) {
  const Tensor message = Tensor::scalar(0.0, DType::f64);
  if (communicator.rank() == 0) {
    for (int rank = 1; rank < communicator.size(); ++rank)
      for (int round = 0; round < rounds; ++round) {
        communicator.receive(message, rank);
        message.at<double>({}) = now();
        communicator.send(message, rank);
      }
    return {.at = now()};
  }
  ClockOffset best{.error = std::numeric_limits<double>::infinity()};
  for (int round = 0; round < rounds; ++round) {
    const double sent = now();
    communicator.send(message, 0);
    communicator.receive(message, 0);
    const double received = now(), middle = (sent + received) / 2;
    if ((received - sent) / 2 < best.error)
      best = {.at = middle, .offset = message.at<double>({}) - middle, .error = (received - sent) / 2};
  }
  return best;
}
// [/compare]

double ClockAlignment::on_rank_0(double mine) const {
  const double span = last_.at - first_.at;
  const double part = span > 0 ? std::clamp((mine - first_.at) / span, 0.0, 1.0) : 0.0;
  return mine + first_.offset + part * (last_.offset - first_.offset);
}

double ClockAlignment::error() const {
  return std::max(first_.error, last_.error);
}

}  // namespace gpt
