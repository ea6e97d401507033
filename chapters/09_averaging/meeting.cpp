#include "09_averaging/meeting.hpp"

#include "09_averaging/reduce.hpp"

namespace gpt {
namespace {

bool fit(const Contribution& a, const Contribution& b) {
  if (a.operation != b.operation || a.tensor.defined() != b.tensor.defined()) return false;
  return !a.tensor.defined() || (a.op == b.op && a.root == b.root && a.tensor.dtype() == b.tensor.dtype() &&
                                 a.tensor.elements() == b.tensor.elements());
}

std::string describe(const Contribution& c) {
  if (!c.tensor.defined()) return std::string(c.operation);
  return fmt::format("{} ({}, root {}) of {} elements of {}", c.operation, name_of(c.op), c.root,
                     c.tensor.elements(), c.tensor.dtype());
}

}  // namespace

void World::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void World::wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& ready) {
  changed_.wait(lock, [&] { return stopped_ || ready(); });
  if (!ready()) check();
}

void World::check() const {
  if (stopped_) throw Stopped("another rank failed");
}

// [pass]
void Meeting::pass() {
  std::unique_lock lock(world_->mutex());
  const int64_t mine = passes_;
  if (++arrived_ == static_cast<int>(contributions_.size())) {
    arrived_ = 0;
    ++passes_;
    world_->notify_all();
    return;
  }
  world_->wait(lock, [&] { return passes_ != mine || left_ >= 0; });
  if (passes_ == mine) throw_left();
}

void Meeting::check_open() {
  std::unique_lock lock(world_->mutex());
  world_->check();
  if (left_ >= 0) throw_left();
}

void Meeting::throw_left() const {
  throw Stopped(fmt::format("rank {} has left while others wait for it", left_));
}

void Meeting::hold(int rank, Contribution mine,
                   const std::function<void(const std::vector<Contribution>&)>& work) {
  // Whoever was thrown out of an earlier collective must not write where others may still read.
  check_open();
  contributions_[static_cast<size_t>(rank)] = std::move(mine);
  pass();  // now all contributions are there
  const std::string wrong = mistake();
  if (wrong.empty()) work(contributions_);
  pass();  // now nobody reads or writes another rank's tensor any more
  contributions_[static_cast<size_t>(rank)] = {};
  GPT_CHECK(wrong.empty(), "{}", wrong);
}
// [/pass]

void Meeting::leave(int rank) {
  const std::lock_guard lock(world_->mutex());
  if (left_ < 0) left_ = rank;
  world_->notify_all();
}

std::string Meeting::mistake() const {
  const Contribution& first = contributions_[0];
  for (size_t rank = 1; rank < contributions_.size(); ++rank) {
    const Contribution& other = contributions_[rank];
    if (!fit(first, other))
      return fmt::format("rank 0 called {}, but rank {} called {}", describe(first), rank, describe(other));
  }
  return "";
}

}  // namespace gpt
