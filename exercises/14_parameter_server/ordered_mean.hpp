#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace gpt {

/// The gradients of one synchronous step, as a server collects them.
class OrderedMean {
 public:
  /// Workers 0 … workers-1, all of them living.
  explicit OrderedMean(int workers) {
    for (int worker = 0; worker < workers; ++worker) living_.insert(worker);
  }

  /// A living worker's gradient of this step. When it is the last one that was missing: the mean of all that
  /// came, summed in f32 in order of worker and then divided by their number; and the next step begins,
  /// without any.
  std::optional<std::vector<float>> push(int worker, std::vector<float> gradient);
  /// A worker is dead. What it has pushed counts. The result is as that of push(): it may be the one that was
  /// waited for. There is no mean without a gradient.
  std::optional<std::vector<float>> remove(int worker);

 private:
  std::set<int> living_;
  std::map<int, std::vector<float>> gradients_;  // yours to use
};

}  // namespace gpt
