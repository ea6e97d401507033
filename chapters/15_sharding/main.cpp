// A model on many ranks that no rank holds whole.

#include "15_sharding/shows.hpp"
#include "common/chapter_program.hpp"

int main(int argc, char** argv) {
  gpt::ChapterProgram program("15_sharding", "A model that no rank holds whole.");
  // Part one: ZeRO.
  program.section("owners", "Who owns what", gpt::show_owners);
  // Part two: tensor and pipeline parallelism.
  return program.run(argc, argv);
}
