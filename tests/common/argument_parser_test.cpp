#include "common/argument_parser.hpp"

#include <gtest/gtest.h>

#include "common/check.hpp"

namespace gpt {
namespace {

TEST(ArgumentParser, AnUnknownOptionIsAnsweredWithTheNearest) {
  ArgumentParser parser;
  int steps = 0;
  parser.add_option("--steps", steps);
  const char* const arguments[] = {"program", "--stpes", "3"};
  try {
    parser.parse(3, arguments);
    FAIL() << "--stpes was taken";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "unknown argument --stpes; did you mean --steps?");
  }
}

TEST(ArgumentParser, NearestNameStaysSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("--bach", {"--batch", "--steps"}), "--batch");
  EXPECT_EQ(nearest_name("--zzzzzz", {"--batch", "--steps"}), "");
}

}  // namespace
}  // namespace gpt
