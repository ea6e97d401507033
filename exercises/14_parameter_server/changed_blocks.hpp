#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gpt {

/// Which blocks of a shard changed in which update, so that a worker can be sent what it has not.
class ChangedBlocks {
 public:
  /// A shard of so many elements in blocks of `block`, of which the last may be shorter. Version 0.
  ChangedBlocks(int64_t elements, int64_t block)
      : block_(block), last_change_(static_cast<size_t>((elements + block - 1) / block)) {}

  /// An update has made `after` of `before`, each of all elements. The version grows by one, whatever
  /// changed.
  void record(std::span<const float> before, std::span<const float> after);
  /// The blocks, in order, that have changed since `version`; all of them for -1, which has nothing yet.
  std::vector<int> since(int64_t version) const;
  int64_t version() const { return version_; }

 private:
  int64_t block_;
  std::vector<int64_t> last_change_;  // of each block, yours to use
  int64_t version_ = 0;
};

}  // namespace gpt
