// main() of the tests that run under mpirun.

#include "tests/mpi_tests.hpp"

int main(int argc, char** argv) {
  return gpt::run_mpi_tests(argc, argv);
}
