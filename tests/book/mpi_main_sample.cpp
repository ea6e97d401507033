// Tests with which test_mpi_main.py tries tests/mpi_main.cpp: GPT_SAMPLE says what goes wrong on rank 1.

#include <gtest/gtest.h>
#include <mpi.h>

#include <cstdlib>
#include <string>

namespace gpt {
namespace {

bool asked_for(const std::string& what) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const char* sample = std::getenv("GPT_SAMPLE");
  return rank == 1 && sample != nullptr && sample == what;
}

TEST(Sample, Fails) {
  EXPECT_FALSE(asked_for("failure")) << "what rank 1 saw";
}

TEST(Sample, IsSkipped) {
  if (asked_for("skip")) GTEST_SKIP() << "for the purpose";
}

TEST(Sample, Leaks) {
  volatile int* leaked = asked_for("leak") ? new int(7) : nullptr;
  leaked = nullptr;
  EXPECT_EQ(leaked, nullptr);
}

TEST(Sample, MayUseThreads) {
  int provided = 0;
  MPI_Query_thread(&provided);
  EXPECT_EQ(provided, MPI_THREAD_MULTIPLE);
}

}  // namespace
}  // namespace gpt
