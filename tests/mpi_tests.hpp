#pragma once
// Tests that run under mpirun.

#include <gtest/gtest.h>

namespace gpt {

/// Every rank runs every test, rank 0 reports, and a failure on any rank is a failure on all. Returns the
/// exit code, which the ranks agree on: 0, 1 for a failure, 77 when nothing failed but a test was skipped.
/// What `make_printer` returns takes the place of GoogleTest's printer on rank 0.
int run_mpi_tests(int argc, char** argv, testing::TestEventListener* (*make_printer)() = nullptr);

}  // namespace gpt
