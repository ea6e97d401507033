#pragma once
// For kernels whose result must not depend on which thread comes first.

#include "06_simt/machine.hpp"

namespace gpt {

/// Calls f with threads and blocks in forward, reverse and random order, on two workers.
template <class F>
void in_every_order(F&& f) {
  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random}) {
    const simt::ScopedOptions options({.workers = 2, .order = order});
    f();
  }
}

}  // namespace gpt
