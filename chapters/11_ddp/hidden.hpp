#pragma once
// How much of the communication the backward pass hid.

#include <span>

#include "common/timing.hpp"

namespace gpt {

/// Seconds of communication, and how many of them ran while the backward pass did.
struct Hiding {
  double total = 0, hidden = 0;

  /// hidden / total; 1 where nothing was sent: nothing was left to see.
  double share() const { return total > 0 ? hidden / total : 1.0; }
  Hiding& operator+=(const Hiding& other) {
    total += other.total;
    hidden += other.hidden;
    return *this;
  }
};

/// The part of both intervals that is common to them, in seconds; 0 when they do not meet.
double overlap_seconds(const Interval& a, const Interval& b);

/// Σ |bucket ∩ backward| and Σ |bucket| over the buckets' all-reduces, which run one after the other.
Hiding hidden_behind(const Interval& backward, std::span<const Interval> buckets);

}  // namespace gpt
