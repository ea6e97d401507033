#include "tests/mpi_tests.hpp"

#include <mpi.h>

#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

// Of LeakSanitizer, in a build that has it.
extern "C" int __lsan_do_recoverable_leak_check() __attribute__((weak));

namespace gpt {
namespace {

constexpr int exit_skipped = 77;

/// What the checks of this rank found wrong in a test, with places.
std::string failures(const testing::TestResult& result) {
  std::string text;
  for (int i = 0; i < result.total_part_count(); ++i) {
    const testing::TestPartResult& part = result.GetTestPartResult(i);
    if (!part.failed()) continue;
    const char* file = part.file_name() ? part.file_name() : "unknown file";
    text += std::string(file) + ":" + std::to_string(part.line_number()) + ": " + part.message() + "\n";
  }
  return text;
}

/// Tells every rank after each test what failed on the others.
class SharedFailures : public testing::EmptyTestEventListener {
 public:
  SharedFailures(int rank, int size) : rank_(rank), size_(size) {}

 private:
  void OnTestEnd(const testing::TestInfo& test) override {
    const std::string mine = failures(*test.result());
    const int length = static_cast<int>(mine.size());
    std::vector<int> lengths(size_), offsets(size_ + 1, 0);
    MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, MPI_COMM_WORLD);
    std::partial_sum(lengths.begin(), lengths.end(), offsets.begin() + 1);
    std::string all(offsets.back(), ' ');
    MPI_Allgatherv(mine.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(), MPI_CHAR,
                   MPI_COMM_WORLD);
    for (int rank = 0; rank < size_; ++rank)
      if (rank != rank_ && lengths[rank])
        ADD_FAILURE() << "on rank " << rank << ":\n" << all.substr(offsets[rank], lengths[rank]);
  }

  const int rank_;
  const int size_;
};

int run_all_tests(testing::TestEventListener* (*make_printer)()) {
  int rank = 0, size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  testing::UnitTest& tests = *testing::UnitTest::GetInstance();
  testing::TestEventListeners& listeners = tests.listeners();
  if (rank != 0 || make_printer) delete listeners.Release(listeners.default_result_printer());
  if (rank == 0 && make_printer) listeners.Append(make_printer());
  // The end of a test is told to the last listener first, so the printer knows of the other ranks' failures.
  listeners.Append(new SharedFailures(rank, size));

  int mine[] = {RUN_ALL_TESTS(), tests.skipped_test_count()};
  int worst[2];
  MPI_Allreduce(mine, worst, 2, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  if (worst[0] != 0) return 1;
  return worst[1] != 0 ? exit_skipped : 0;
}

}  // namespace

int run_mpi_tests(int argc, char** argv, testing::TestEventListener* (*make_printer)()) {
  testing::InitGoogleTest(&argc, argv);
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
  if (provided != MPI_THREAD_MULTIPLE) {
    std::fputs("this MPI library does not give MPI_THREAD_MULTIPLE\n", stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  int code = run_all_tests(make_printer);
  // Looked for here and not at the exit: MPI_Finalize unloads parts of Open MPI that leave memory behind, and
  // nothing tells then whose it was.
  if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0) code = 1;
  MPI_Finalize();
  return code;
}

}  // namespace gpt
