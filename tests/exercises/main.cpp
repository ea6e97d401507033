// main() of the tests of an exercise: one process.

#include "tests/exercises/report.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new gpt::ExerciseReport);
  return RUN_ALL_TESTS();
}
