#pragma once
// Between the workshop and the other ranks.

#include "09_averaging/communicator.hpp"
#include "13_compression/workshop.hpp"

namespace gpt {

// [carrier]
/// Brings what lies in a workshop's memory to the other ranks: from there, if the group goes there, or from
/// copies on the host.
class Carrier {
 public:
  Carrier(Communicator& group, const Workshop& workshop)
      : group_(group), at_home_(group.takes(workshop.memory()->device())) {}
  int ranks() const { return group_.size(); }

  void exchange(const Tensor& code, const Tensor& arrived, int other) {
    if (at_home_) return group_.exchange(code, arrived, other);
    const Tensor theirs(arrived.shape(), arrived.dtype());
    group_.exchange(code.host(), theirs, other);
    arrived.copy_from(theirs);
  }
  void all_gather(const Tensor& arrived, const Tensor& code) {
    if (at_home_) return group_.all_gather(arrived, code);
    const Tensor all(arrived.shape(), arrived.dtype());
    group_.all_gather(all, code.host());
    arrived.copy_from(all);
  }
  void sum(const Tensor& numbers) {
    if (at_home_) return group_.all_reduce(numbers, ReduceOp::sum);
    const Tensor copy = numbers.host();
    group_.all_reduce(copy, ReduceOp::sum);
    numbers.copy_from(copy);
  }

 private:
  Communicator& group_;
  bool at_home_;
};
// [/carrier]

}  // namespace gpt
