// main() of the tests of an exercise that runs under mpirun.

#include "tests/exercises/report.hpp"
#include "tests/mpi_tests.hpp"

int main(int argc, char** argv) {
  testing::UnitTest::GetInstance()->listeners().Append(new gpt::RankReport);
  return gpt::run_mpi_tests(argc, argv,
                            []() -> testing::TestEventListener* { return new gpt::ExerciseReport; });
}
