#pragma once
// What every Communicator must do, whatever carries its bytes. Each check is called by all ranks of a group
// and compares what this rank gets with what the contract says.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "09_averaging/communicator.hpp"

namespace gpt {

struct ConformanceCheck {
  std::string name;
  void (*run)(Communicator&);
};

inline void PrintTo(const ConformanceCheck& check, std::ostream* out) {
  *out << check.name;
}

/// All checks. They hold for groups of any size, one included.
const std::vector<ConformanceCheck>& conformance_checks();
/// Those of them that are about the all-reduce: for communicators that differ in nothing else.
const std::vector<ConformanceCheck>& all_reduce_checks();

}  // namespace gpt
