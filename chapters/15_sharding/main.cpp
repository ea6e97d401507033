// A model on many ranks that no rank holds whole.

#include "15_sharding/shows.hpp"
#include "15_sharding/split_shows.hpp"
#include "common/chapter_program.hpp"

int main(int argc, char** argv) {
  gpt::ChapterProgram program("15_sharding", "A model that no rank holds whole.");
  // Part one: ZeRO.
  program.section("owners", "Who owns what", gpt::show_owners);
  program.section("memory", "What each rank holds", gpt::show_memory);
  program.section("zero", "What each rank sends, and learns", gpt::show_stages);
  // Part two: tensor and pipeline parallelism.
  std::string figures;
  program.options().add_option("--figures", figures, "A folder to write pipeline.svg to");
  program.section("cuts", "A matrix on two ranks", gpt::show_cuts);
  program.section("wire", "What tensor parallelism sends", gpt::show_wire);
  program.section("split", "What a rank keeps", gpt::show_split_memory);
  program.section("pipeline", "The orders of a pipeline", [&] { gpt::show_pipeline(figures); });
  program.section("stages", "A GPT on several stages", gpt::show_pipeline_training);
  program.section("speed", "How long a step takes", [&] { gpt::show_split_speed(program.stable()); });
  return program.run(argc, argv);
}
