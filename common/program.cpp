#include "common/program.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "common/check.hpp"

namespace gpt {

int run_program(const std::string& name, const std::function<int()>& body) {
  try {
    return body();
  } catch (const UserError& error) {
    fmt::print(stderr, "{}: {}\n", name, error.what());
    return exit_user_error;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: internal error: {}\n", name, error.what());
    return exit_failure;
  }
}

namespace {

/// Levenshtein's distance: the fewest insertions, deletions and replacements that turn `a` into `b`.
int edit_distance(const std::string& a, const std::string& b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i) + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const int above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

/// All option and subcommand names of `app` and of the subcommands that were chosen.
void collect_names(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(command->get_name());
    if (app.got_subcommand(const_cast<CLI::App*>(command))) collect_names(*command, names);
  }
}

}  // namespace

std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  int best_distance = std::max(2, static_cast<int>(word.size()) / 3) + 1;
  for (const std::string& candidate : candidates) {
    const int distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

bool parse_arguments(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::Success& help) {
    app.exit(help);
    return false;
  } catch (const CLI::ExtrasError&) {
    std::vector<std::string> names;
    collect_names(app, names);
    std::string unknown = app.remaining(true).empty() ? "?" : app.remaining(true).front();
    unknown = unknown.substr(0, unknown.find('='));
    const std::string nearest = nearest_name(unknown, names);
    throw UserError(nearest.empty() ? fmt::format("unknown argument {}; --help lists what there is", unknown)
                                    : fmt::format("unknown argument {}; did you mean {}?", unknown, nearest));
  } catch (const CLI::ParseError& error) {
    throw UserError(error.what());
  }
}

}  // namespace gpt
