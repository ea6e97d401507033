#pragma once
// Kernels with one mistake each, and what the SIMT machine must say of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "06_simt/machine.hpp"
#include "common/check.hpp"

namespace gpt {

struct Mutant {
  const char* name;  ///< of the kernel
  const char* says;  ///< part of the report
};
inline void PrintTo(const Mutant& mutant, std::ostream* out) {
  *out << mutant.name;
}

/// "mutants.cu:42", the line of one of the files that ends in `mark`; "" if none does.
inline std::string place_of(const std::string& mark, const std::vector<std::filesystem::path>& files) {
  for (const std::filesystem::path& file : files) {
    std::ifstream source(file);
    std::string line;
    for (int number = 1; std::getline(source, line); ++number)
      if (line.ends_with("// " + mark)) return fmt::format("{}:{}", file.filename().string(), number);
  }
  return "";
}

/// What the machine says of a mutant; "no error" if nothing.
inline std::string report_of(const char* name, const std::function<void(const char* name)>& launch) {
  try {
    launch(name);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// Launches the mutant in forward, reverse and random order. Each time the report names the kernel, says what
/// it must, and gives the line marked `// <- name`, and the line marked `// <= name` where there is one.
inline void expect_reported(const Mutant& mutant, const std::function<void(const char* name)>& launch,
                            const std::vector<std::filesystem::path>& files) {
  using testing::HasSubstr;
  const std::string first = place_of(std::string("<- ") + mutant.name, files);
  ASSERT_NE(first, "") << "no line is marked // <- " << mutant.name;
  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random}) {
    const simt::ScopedOptions scoped({.workers = 2, .order = order});
    const std::string said = report_of(mutant.name, launch);
    EXPECT_THAT(said, HasSubstr(mutant.says));
    EXPECT_THAT(said, HasSubstr(std::string("kernel ") + mutant.name));
    EXPECT_THAT(said, HasSubstr(first));
    EXPECT_THAT(said, HasSubstr(place_of(std::string("<= ") + mutant.name, files)));
  }
}

}  // namespace gpt
